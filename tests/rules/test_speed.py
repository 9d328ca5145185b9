"""A large city's returns are validated at once, not row by row."""

from __future__ import annotations

import time

from pipeline.validation import judged, validate
from tests.rules.returns import a_cost, a_measure, a_return, a_sound_master, frames_of

ROWS = 10_000


def test_ten_thousand_cost_rows_are_validated_within_a_second_and_a_half_of_cpu() -> None:
    master = a_sound_master()
    measures = [
        a_measure(measure=f"M-T61-{number:03}", title=f"Vorhaben {number}")
        for number in range(1, 500)
    ]
    costs = [
        a_cost(measure=f"M-T61-{number % 499 + 1:03}", continuation="wie Ansatz", amount_2030=None)
        for number in range(ROWS - 1)
    ]
    frames = frames_of(
        master, a_return(master, costs=[*costs, a_cost(line=None)], measures=measures)
    )
    start = time.process_time()
    found = judged(validate(frames, master.submission, "template"), master, frames)
    spent = time.process_time() - start
    assert [(each.rule, each.place.cell) for each in found if each.rule == "Z14"] == [
        ("Z14", f"C{ROWS + 6}")
    ]
    assert spent < 1.5
