"""Foreign text as our own sentences may repeat it."""

from __future__ import annotations

import unicodedata

SHOWN = 200
"""Characters of a department's text that a sentence repeats at most."""


def printable(text: str, *, at_most: int = SHOWN) -> str:
    """Foreign text as a sentence may repeat it: not too long, and nothing in it that no eye sees.

    >>> printable("a\\x07b")
    'a\u2407b'
    """
    short = text if len(text) <= at_most else f"{text[:at_most]} …"
    return "".join(_visible(ch) for ch in short)


def _visible(ch: str) -> str:
    if ch in "\n\t":
        return " "
    if unicodedata.category(ch) not in {"Cc", "Cs"}:
        return ch
    return chr(0x2400 + ord(ch)) if ord(ch) < 0x20 else "\ufffd"
