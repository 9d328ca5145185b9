"""What the tables are: data only."""
