"""Goals that departments fill: money flows down to them, and back to the master's goal where their
return does not count.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from pipeline.model.results import Results
from tests.small_city import MASTER, RETURNS, Rows, a_city, errors_of, run

LEVELS: Rows = [
    {"level": "strategisch", "order": "1", "filled_by": "Kämmerei", "refers_up": "nein"},
    {"level": "Handlungsfeld", "order": "2", "filled_by": "Kämmerei", "refers_up": "ja"},
    {"level": "Teamziel", "order": "3", "filled_by": "Fachamt", "refers_up": "ja"},
    {"level": "Produktziel", "order": "4", "filled_by": "Fachamt", "refers_up": "ja"},
    {"level": "Rahmenbedingung", "order": "9", "filled_by": "Kämmerei", "refers_up": "nein"},
]
GOALS: Rows = [
    {"goal": "T40-1", "title": "Räume schaffen", "parent": "Z1.1", "level": "Teamziel"},
    {
        "goal": "T40-1.1",
        "title": "Klassenräume",
        "parent": "T40-1",
        "level": "Produktziel",
        "product": "211.10",
    },
]
LINKS: Rows = [
    {"product": "211.10", "goal": "T40-1", "share": "10"},
    {"product": "211.10", "goal": "T40-1.1", "share": "20"},
]


def with_goals(
    goals: Rows = GOALS, links: Rows = LINKS, **costs: object
) -> Mapping[str, Mapping[str, Rows]]:
    """The returns, with goals from T40; ``costs`` change its first cost row."""
    own = {**RETURNS["T40"], "goals": goals, "product_goals": links}
    if costs:
        own["costs"] = [{**RETURNS["T40"]["costs"][0], **costs}, *RETURNS["T40"]["costs"][1:]]
    return {**RETURNS, "T40": own}


def expense(results: Results, goal: str, *, year: int = 2027) -> int:
    """The Anteilssicht's expense at a goal."""
    table = results.tables["aggregates"]
    hit = table[
        (table["view"] == "anteil")
        & (table["goal"] == goal)
        & (table["kind"] == "expense")
        & (table["year"] == year)
    ]
    return int(hit["cents"].sum())


def test_a_department_refines_a_link_and_the_sum_at_the_masters_goal_stays(tmp_path: Path) -> None:
    plain = run(a_city(tmp_path / "plain", levels=LEVELS))
    refined = run(a_city(tmp_path / "refined", levels=LEVELS, returns=with_goals()))
    assert errors_of(refined) == []
    # 10 % and 20 % of 870,000.00; what is left of 33.33 % stays at the master's goal.
    assert expense(refined, "T40-1.1") == 17_400_000
    assert expense(refined, "T40-1") == 8_700_000 + 17_400_000
    assert expense(refined, "Z1.1") == expense(plain, "Z1.1") == 28_997_100
    parts = refined.tables["contributions"]
    at_goal = parts[(parts["goal"] == "Z1.1") & (parts["year"] == 2027) & (parts["line"] == "13")]
    assert [int(share) for share in at_goal["share_bp"]] == [333]


def test_previous_years_of_the_unit_are_refined_too_and_no_other_units(tmp_path: Path) -> None:
    results = run(a_city(tmp_path, levels=LEVELS, returns=with_goals()))
    assert expense(results, "T40-1.1", year=2026) == 17_000_000
    assert set(
        results.tables["contributions"].loc[
            results.tables["contributions"]["goal"] == "T40-1.1", "unit"
        ]
    ) == {"T40"}


def test_a_refined_goal_whose_return_is_rejected_loses_no_cent(tmp_path: Path) -> None:
    units = [{**row, "stand_in": "Vorjahr"} for row in MASTER["units"]]
    results = run(
        a_city(tmp_path, levels=LEVELS, units=units, returns=with_goals(amount_2027="rund 800.000"))
    )
    assert [rule for rule, _ in errors_of(results)] == ["Z01"]
    figures, parts = results.tables["figures"], results.tables["contributions"]
    assert "T40-1" not in set(results.texts["goals"]["goal"])
    counted = figures[figures["origin"] != "listed"]
    sums = counted.groupby(["kind", "year"])["cents"].sum()
    assert (parts.groupby(["kind", "year"])["cents"].sum() == sums).all()
    standing_in = parts[(parts["origin"] == "stand_in") & (parts["goal"] == "Z1.1")]
    assert [int(share) for share in standing_in["share_bp"]] == [3_333, 3_333]


def test_goals_come_back_as_an_outline_with_their_cells(tmp_path: Path) -> None:
    goals = run(a_city(tmp_path, levels=LEVELS, returns=with_goals())).texts["goals"]
    assert list(goals["goal"]) == ["Z1", "Z1.1", "T40-1", "T40-1.1", "Z1.2", "Z2", "R1"]
    row = goals.set_index("goal").loc["T40-1.1"]
    assert (row["file"], row["sheet"], row["product"], row["parent"]) == (
        "T40.xlsx",
        "Ziele",
        "211.10",
        "T40-1",
    )


def faults(tmp_path: Path, goals: Rows = GOALS, links: Rows = LINKS) -> list[str]:
    """The rules broken by these goals of T40."""
    return sorted(
        {
            rule
            for rule, _ in errors_of(
                run(a_city(tmp_path, levels=LEVELS, returns=with_goals(goals, links)))
            )
        }
    )


def test_more_than_the_masters_share_is_an_error(tmp_path: Path) -> None:
    assert faults(tmp_path, links=[{"product": "211.10", "goal": "T40-1", "share": "40"}]) == [
        "S09"
    ]


def test_a_goal_without_strategic_ancestor_is_an_error_where_the_level_says_so(
    tmp_path: Path,
) -> None:
    assert faults(
        tmp_path, goals=[{"goal": "T40-1", "title": "Allein", "level": "Teamziel"}], links=[]
    ) == ["S07"]


def test_a_circle_of_goals_is_an_error(tmp_path: Path) -> None:
    circle: Rows = [
        {"goal": "T40-1", "title": "Ei", "parent": "T40-2", "level": "Teamziel"},
        {"goal": "T40-2", "title": "Huhn", "parent": "T40-1", "level": "Teamziel"},
    ]
    assert "S06" in faults(tmp_path, goals=circle, links=[])


def test_an_unknown_parent_and_an_id_used_twice_are_errors(tmp_path: Path) -> None:
    assert (
        faults(
            tmp_path / "a",
            goals=[{"goal": "T40-1", "title": "X", "parent": "Z9", "level": "Teamziel"}],
            links=[],
        )
        != []
    )
    twice: Rows = [{"goal": "Z2", "title": "Schon vergeben", "parent": "Z1", "level": "Teamziel"}]
    assert faults(tmp_path / "b", goals=twice, links=[]) != []


def test_a_goal_of_two_departments_with_the_same_id_is_named_in_both(tmp_path: Path) -> None:
    same: Rows = [{"goal": "X-1", "title": "Gleich", "parent": "Z2", "level": "Teamziel"}]
    returns = {unit: {**tables, "goals": same} for unit, tables in RETURNS.items()}
    errors = errors_of(run(a_city(tmp_path, levels=LEVELS, returns=returns)))
    assert {place.split("!")[0] for _, place in errors} == {"T40.xlsx", "T61.xlsx"}


def test_the_last_accepted_return_stands_in_for_a_faulty_one(tmp_path: Path) -> None:
    units = [{**row, "stand_in": "letzter gültiger Rücklauf"} for row in MASTER["units"]]
    workspace = a_city(tmp_path, units=units)
    import shutil

    from tests.small_city import change

    second = workspace.returns / "T40-2.xlsx"
    shutil.copy(workspace.returns / "T40.xlsx", second)

    def spoil(book: object) -> None:
        book["Ansätze"]["N12"] = "folgt"  # type: ignore[index]
        for row in book["_meta"].iter_rows():  # type: ignore[index]
            if row[0].value == "revision":
                row[1].value = "2"

    change(second, spoil)
    results = run(workspace)
    figures: pd.DataFrame = results.tables["figures"]
    mine = figures[(figures["unit"] == "T40") & (figures["origin"] == "stand_in")]
    assert set(mine["file"]) == {"T40.xlsx"}
    assert 87_000_000 in set(mine["cents"])
    status = dict(
        zip(results.tables["register"]["file"], results.tables["register"]["status"], strict=True)
    )
    assert (status["T40-2.xlsx"], status["T40.xlsx"], results.provisional) == (
        "partial",
        "superseded",
        True,
    )


def test_the_parent_lies_in_the_own_branch_or_is_the_groups(tmp_path: Path) -> None:
    """A parent of another unit is an error; of the top of the organisation or of nobody it is not."""
    owned = [
        {**row, "unit": {"Z1.1": "T61", "Z2": "STADT"}.get(str(row["goal"]), "")}
        for row in MASTER["goals"]
    ]
    foreign: Rows = [{"goal": "T40-1", "title": "Fremd", "parent": "Z1.1", "level": "Teamziel"}]
    errors = errors_of(
        run(a_city(tmp_path / "a", levels=LEVELS, goals=owned, returns=with_goals(foreign, [])))
    )
    assert [(rule, place.split("!")[1]) for rule, place in errors] == [("S32", "Ziele")]
    group: Rows = [{"goal": "T40-1", "title": "Konzern", "parent": "Z2", "level": "Teamziel"}]
    assert (
        errors_of(
            run(a_city(tmp_path / "b", levels=LEVELS, goals=owned, returns=with_goals(group, [])))
        )
        == []
    )


def test_a_return_put_away_in_ersetzt_may_stand_in_but_never_counts(tmp_path: Path) -> None:
    units = [{**row, "stand_in": "letzter gültiger Rücklauf"} for row in MASTER["units"]]
    workspace = a_city(tmp_path, units=units)
    old = workspace.returns / "ersetzt" / "T40.xlsx"
    old.parent.mkdir()
    (workspace.returns / "T40.xlsx").rename(old)
    results = run(workspace)
    figures = results.tables["figures"]
    assert set(figures.loc[(figures["unit"] == "T40") & (figures["year"] == 2027), "origin"]) == {
        "stand_in",
        "listed",
    }
    register = results.tables["register"]
    assert {(row.file, row.status) for row in register[register["unit"] == "T40"].itertuples()} == {
        ("ersetzt/T40.xlsx", "superseded"), ("", "substituted"),
    }  # fmt: skip
    assert results.stand_ins == {"T40": "last_accepted"}
