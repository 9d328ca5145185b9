"""What stands where in the workbooks we hand out, as values: pure, before any file exists."""
