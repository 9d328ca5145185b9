"""What the words mean: declarations and values; knows no files."""
