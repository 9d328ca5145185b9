"""Views that several rules share are computed once per set of frames."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from pipeline.model.submission import Frames

View = TypeVar("View")


def once(compute: Callable[[Frames], View]) -> Callable[[Frames], View]:
    """Keeps the view of the frames asked for last; frames never change, so neither does their
    view.
    """
    kept: list[tuple[weakref.ref[Frames], View]] = []

    @wraps(compute)
    def view(frames: Frames) -> View:
        for owner, value in kept:
            if owner() is frames:
                return value
        value = compute(frames)
        kept[:] = [(weakref.ref(frames), value)]
        return value

    return view
