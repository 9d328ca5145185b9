"""What goes back to a department: the receipt, and the rebuilt workbook with what is to mend."""
