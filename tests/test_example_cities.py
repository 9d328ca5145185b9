"""The two example cities as they lie in the repository: what `make run` shows is what these tests hold."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from pipeline import last_run, stages
from pipeline.agreements import agreements_of
from pipeline.datapackage import read_csv
from pipeline.model.results import Results
from pipeline.verification import differences
from pipeline.workspace import Workspace
from tests import recalculation
from tests.conftest import Convert
from tests.small_city import silent

PROJECT = Path(__file__).resolve().parents[1]
CITIES = ("hamm", "laatzen")


_ran: dict[str, tuple[Results, Workspace]] = {}


@pytest.fixture(params=CITIES)
def city(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Results, Workspace]:
    """One example city after a whole run, its outputs in a folder of their own; nobody changes
    them. Kept here, because pytest gives a parametrized fixture up whenever the parameter changes.
    """
    name = str(request.param)
    if name not in _ran:
        root = tmp_path_factory.mktemp(name)
        for part in ("templates", "input"):
            (root / part).symlink_to(PROJECT / part)
        workspace = Workspace(root=root, city=name, plan="2027")
        _ran[name] = stages.run(workspace, workers=2, progress=silent), workspace
    return _ran[name]


def test_the_cities_end_as_the_readme_says(city: tuple[Results, Workspace]) -> None:
    results, _ = city
    status = results.tables["register"]["status"].value_counts().to_dict()
    expected = {
        "laatzen": ({"accepted": 19}, False),
        "hamm": ({"accepted": 19, "partial": 1, "substituted": 1}, True),
    }
    assert (status, results.provisional) == expected[results.city]


def test_the_examples_are_as_rich_as_promised(city: tuple[Results, Workspace]) -> None:
    results, _ = city
    master = results.master
    least = {"laatzen": (10, 24, 40, 35, 250), "hamm": (14, 40, 70, 60, 450)}[results.city]
    figures = results.tables["figures"]
    cost_rows = figures[figures["origin"] == "return"].drop_duplicates(["file", "cell"])
    rows = cost_rows.assign(
        row=cost_rows["cell"].str.extract(r"(\d+)", expand=False)
    ).drop_duplicates(["file", "row"])
    found = (
        len(master.expected_units),
        len(master.titles["products"]),
        len(master.titles["kpis"]),
        len(results.texts["measures"]),
        len(rows),
    )
    assert all(have >= want for have, want in zip(found, least, strict=True)), found
    assert master.settings.example_data


def test_the_faulty_cells_of_hamm_are_named_and_every_other_return_counts(
    city: tuple[Results, Workspace],
) -> None:
    results, _ = city
    if results.city != "hamm":
        assert not [each for each in results.findings if each.blocking]
        return
    blocking = {
        (each.rule, each.place.file, bool(each.place.cell))
        for each in results.findings
        if each.blocking
    }
    assert {rule for rule, _, _ in blocking} == {
        "D12",
        "Z05",
        "S01",
        "S13",
        "Z08",
        "M04",
        "M06",
        "H03",
    }
    assert {(file, named) for _, file, named in blocking} == {("A52.xlsx", True)}
    counted = set(results.tables["figures"].query("origin == 'return'")["unit"])
    assert counted == set(results.master.expected_units) - {"A41", "A52"}
    assert set(results.open_counterparts["unit"]) <= counted
    assert len(results.open_counterparts) > 0


def test_products_organisation_and_goals_make_the_same_sum_to_the_cent(
    city: tuple[Results, Workspace],
) -> None:
    results, workspace = city
    sheet = openpyxl.load_workbook(workspace.output / "Haushaltsplan.xlsx", data_only=True)[
        "Abgleich"
    ]
    (key,) = [
        cell
        for (cell,) in sheet.iter_rows(max_col=1)
        if str(cell.value).startswith("zh:reconciliation:")
    ]
    _, _, first, last = str(key.value).split(":")
    names = {str(cell.value): cell.column or 0 for cell in sheet[int(key.row or 0)]}
    counted = results.tables["figures"].query("origin != 'listed'")
    sums = counted.groupby(["kind", "year"])["cents"].sum().to_dict()
    labels = {
        "Ertrag": "revenue",
        "Aufwand": "expense",
        "Einzahlung": "receipt",
        "Auszahlung": "payment",
        "interner Ertrag": "internal_revenue",
        "interner Aufwand": "internal_expense",
    }
    seen: dict[tuple[str, int], set[int]] = {}
    for row in range(int(first), int(last) + 1):
        kind = labels[str(sheet.cell(row, names["kind"]).value)]
        for year in results.master.years:
            value = sheet.cell(row, names[f"amount_{year.year}"]).value
            seen.setdefault((kind, year.year), set()).add(int(Decimal(str(value)) * 100))
    assert len(seen) == 6 * len(results.master.years)
    for (kind, number), amounts in seen.items():
        assert amounts == {int(sums.get((kind, number), 0))}, (kind, number)


def test_the_output_workbooks_recalculate_to_their_stored_values(
    city: tuple[Results, Workspace], convert: Convert, tmp_path: Path
) -> None:
    """LibreOffice recalculates every formula; money is bit-equal, ratios agree to 12 places.

    Of the workbooks of single units the first and the last; `test_every_workbook_of_a_unit…` takes
    them all.
    """
    _, workspace = city
    assert_recalculated(_first_and_last_of_each_folder(workspace.output), convert, tmp_path)


@pytest.mark.long
def test_every_workbook_of_a_unit_recalculates_to_its_stored_values(
    city: tuple[Results, Workspace], convert: Convert, tmp_path: Path
) -> None:
    _, workspace = city
    assert_recalculated(sorted(workspace.output.rglob("*.xlsx")), convert, tmp_path)


def _first_and_last_of_each_folder(output: Path) -> list[Path]:
    folders = sorted({path.parent for path in output.rglob("*.xlsx")})
    found = [sorted(folder.glob("*.xlsx")) for folder in folders]
    return [
        path
        for paths in found
        for path in (paths if paths[0].parent == output else (paths[0], paths[-1]))
    ]


def assert_recalculated(paths: Sequence[Path], convert: Convert, tmp_path: Path) -> None:
    """Every formula of these workbooks computes to the value that is stored with it."""
    for folder in sorted({path.parent for path in paths}):
        first, *others = (path for path in paths if path.parent == folder)
        outdir = tmp_path / "neu" / folder.name
        convert(first, outdir=outdir, recalculate=True, beside=others)
        for path in (first, *others):
            wrong = recalculation.differences(path, outdir / path.name)
            assert wrong == [], path.name


@pytest.mark.parametrize(
    "every_year", [False, pytest.param(True, marks=pytest.mark.long)], ids=["budget", "all years"]
)
def test_trace_gives_the_workbooks_sum_for_every_goal_year_and_kind(
    city: tuple[Results, Workspace], monkeypatch: pytest.MonkeyPatch, *, every_year: bool
) -> None:
    """The goal's contributions, added up, are the amount printed at the goal."""
    results, workspace = city
    monkeypatch.setattr(last_run, "read_csv", functools.cache(read_csv))
    years = results.master.years if every_year else results.master.budget_years[:1]
    wanted = {year.year for year in years}
    printed = {
        key: cents
        for key, cents in _printed_at_goals(
            workspace.output / "Haushaltsplan.xlsx", results
        ).items()
        if key[2] in wanted
    }
    traced = {
        (goal, kind, year.year): last_run.trace(workspace.output, goal, year.year, {})[0].get(
            kind, 0
        )
        for goal in {goal for goal, _, _ in printed}
        for year in years
        for kind in ("expense", "revenue", "payment", "receipt")
    }
    additive = results.texts["goals"].query("additive != False")["goal"]
    assert {goal for goal, _, _ in printed} >= {*additive, "ohne", "allgemein"}
    assert printed == traced
    assert sum(cents != 0 for cents in printed.values()) > 30


def _printed_at_goals(path: Path, results: Results) -> dict[tuple[str, str, int], int]:
    """By goal, kind and year what stands on the sheets of goals, in cents."""
    book = openpyxl.load_workbook(path, data_only=True)
    special = {"Ohne Zielzuordnung": "ohne", "Allgemeine Deckungsmittel": "allgemein"}
    shown = {
        "Zielbaum": {"Aufwendungen": "expense", "Erträge": "revenue"},
        "Investitionen": {"Auszahlungen": "payment", "Einzahlungen": "receipt"},
    }
    years = {year.title: year.year for year in results.master.years}
    found: dict[tuple[str, str, int], int] = {}
    for name, kinds in shown.items():
        rows = book[name].iter_rows(min_row=4, values_only=True)
        head = [str(title).split("\n") for title in next(rows)]
        for row in rows:
            goal = special.get(str(row[2]).strip(), str(row[1] or ""))
            for title, value in zip(head, row, strict=True):
                kind = kinds.get(title[-1])
                if goal and kind and title[0] in years and isinstance(value, int | float):
                    # A goal's own row comes first; "direkt" below it only shows a part of it.
                    found.setdefault((goal, kind, years[title[0]]), round(value * 100))
    return found


def test_figures_say_who_returned_what(city: tuple[Results, Workspace]) -> None:
    """A figure's unit is the one that returned it; a product of two units has rows from each."""
    results, _ = city
    figures: pd.DataFrame = results.tables["figures"]
    returned = figures[figures["origin"] == "return"]
    assert (returned["file"] == returned["unit"] + ".xlsx").all()
    shared = returned.groupby("product")["unit"].nunique()
    assert shared.max() > 1


def test_the_second_computation_finds_no_difference(city: tuple[Results, Workspace]) -> None:
    _, workspace = city
    found = differences(root=workspace.root, city=workspace.city, plan=workspace.plan)
    assert found.to_dict("records") == []


def test_agreements_add_up_to_the_city_and_every_saving_has_one_home(
    city: tuple[Results, Workspace],
) -> None:
    """Each figure and each savings measure is walked up the organisation here once more."""
    results, workspace = city
    used = results.master.settings.uses_agreements
    assert (workspace.output / "Zielvereinbarungen.xlsx").is_file() is used
    if not used:
        return
    found = agreements_of(results)
    own = {each.unit: name for name, each in found.agreements.items()}
    parents = results.master.units.parents

    def home(unit: str) -> str:
        return own.get(unit) or (home(parents[unit]) if parents.get(unit) else "")

    figures = results.tables["figures"].query("origin != 'listed'")
    roots = found.tree.children[""]
    for year in results.master.budget_years:
        rows = figures[figures["year"] == year.year]
        net = {"expense": 1, "revenue": -1}
        by_home: dict[str, int] = {}
        for unit, kind, cents in zip(rows["unit"], rows["kind"], rows["cents"], strict=True):
            key = home(unit)
            by_home[key] = by_home.get(key, 0) + net.get(kind, 0) * cents
        for name in (*found.agreements, ""):
            assert found.own(name, year.year) == by_home.get(name, 0), name
        city_total = sum(by_home.values())
        conditions = sum(found.condition(name, year.year) for name in roots)
        assert conditions + found.own("", year.year) == city_total != 0
    stated = results.tables["savings"].drop_duplicates(["unit", "savings_measure"])
    homes = found.savings.drop_duplicates(["unit", "savings_measure", "agreement"])
    assert len(homes) == len(stated) >= 30
    assert {(row.unit, row.savings_measure, row.agreement) for row in homes.itertuples()} == {
        (row.unit, row.savings_measure, home(str(row.unit))) for row in stated.itertuples()
    }
