"""The only place that opens or writes a workbook (the second computation reads for itself)."""
