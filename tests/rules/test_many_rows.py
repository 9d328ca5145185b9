"""A large city's returns: one fault among ten thousand rows."""

from __future__ import annotations

from pipeline.validation import judged, validate
from tests.rules.returns import a_cost, a_measure, a_return, a_sound_master, frames_of

ROWS = 10_000


def test_the_one_fault_among_ten_thousand_cost_rows_is_found_at_its_cell() -> None:
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
    found = judged(validate(frames, master.submission, "template"), master, frames)
    assert [(each.rule, each.place.cell) for each in found if each.rule == "Z14"] == [
        ("Z14", f"C{ROWS + 6}")
    ]
