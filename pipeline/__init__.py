"""zielhaushalt: goal-oriented municipal budgets, from the master workbook to the budget plan."""

__version__ = "0.1.0"
