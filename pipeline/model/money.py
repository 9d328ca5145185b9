"""Money as integer cents, and the one way to split it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

WHOLE = 10_000
"""Basis points of a whole."""


def cents(euro: Decimal) -> int:
    """Euro as integer cents, half up (away from zero) where there are fractions of a cent."""
    return int((euro * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def euro(amount: int) -> Decimal:
    """Cents as euro with two places."""
    return Decimal(amount).scaleb(-2)


def split(amount: int, shares: Sequence[int]) -> list[int]:
    """Split cents by basis points with largest remainder, so that the parts sum to the amount.

    ``shares`` sum to 10,000 and come in the fixed order that breaks ties (goal id in code-point
    order, ``ohne`` last). The absolute value is split and the sign reapplied, so that a cancelling
    amount cancels in every part.

    Source: Hamilton/Hare-Niemeyer method, as ``domain.md`` 3.2 asks for.

    >>> split(100_001, [3_333, 3_333, 3_334])
    [33330, 33330, 33341]
    """
    if sum(shares) != WHOLE:
        raise ValueError(f"shares sum to {sum(shares)}, not {WHOLE}")
    size = abs(amount)
    parts = [size * share // WHOLE for share in shares]
    missing = size - sum(parts)
    by_remainder = sorted(range(len(shares)), key=lambda i: (-(size * shares[i] % WHOLE), i))
    for i in by_remainder[:missing]:
        parts[i] += 1
    return [-part for part in parts] if amount < 0 else parts


def round_half_up(numerator: int, denominator: int) -> int:
    """An exact fraction rounded once to a whole number, half away from zero."""
    if denominator == 0:
        raise ZeroDivisionError("denominator 0")
    sign = -1 if (numerator < 0) != (denominator < 0) else 1
    top, bottom = abs(numerator), abs(denominator)
    return sign * ((2 * top + bottom) // (2 * bottom))


def german(amount: int, *, whole: bool = False) -> str:
    """Cents as a German text: ``1.234,56`` (or ``1.235`` where ``whole``)."""
    if whole:
        return f"{round_half_up(amount, 100):,}".replace(",", ".")
    sign = "-" if amount < 0 else ""
    euros, rest = divmod(abs(amount), 100)
    return f"{sign}{euros:,}".replace(",", ".") + f",{rest:02d}"
