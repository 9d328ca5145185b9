"""What must hold: small functions, registered with id, severity and what they block."""

from pipeline.rules import (
    agreements,
    columns,
    commitments,
    costs,
    goals,
    key_figures,
    keys,
    master_data,
    measures,
    reading,
    references,
    savings,
)

__all__ = [
    "agreements",
    "columns",
    "commitments",
    "costs",
    "goals",
    "key_figures",
    "keys",
    "master_data",
    "measures",
    "reading",
    "references",
    "savings",
]
"""Importing the package registers every rule."""
