"""Whoever changes one thing in the outputs, or in the inputs after the run, is found at its place.

Each deed is planted alone into the outputs of a real run and the manifest is written anew, so that
no hash gives it away (but where the hash is the deed).
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from tests.forger import PLAN, Forger, Record, a_forger, read_once
from tests.small_city import MASTER, RETURNS, Rows, change

Found = tuple[str, str, str, str]
"""Check, file, sheet and cell of the difference that a deed must cause."""
Deed = Callable[[Forger], Found]

TABLES: Mapping[str, Rows] = {
    "settings": [
        *MASTER["settings"],
        {"setting": "uses_savings", "value": "ja"},
        {"setting": "uses_agreements", "value": "ja"},
    ],
    "ceilings": [{"unit": "T40", "year": 2027, "amount": 900_000}],
    "target_agreements": [
        {
            "agreement": "ZV-1", "unit": "STADT", "partner": "Leitung der Verwaltung",
            "goal": "Z1", "weight": 100,
        },
        {
            "agreement": "ZV-2", "parent": "ZV-1", "unit": "T40", "partner": "Teamleitung",
            "goal": "Z1.2", "kpi": "K-1", "target": 440, "weight": 100,
        },
    ],
}  # fmt: skip
CITY: Mapping[str, Mapping[str, Rows]] = {
    "T40": {
        **RETURNS["T40"],
        "costs": [
            *RETURNS["T40"]["costs"],
            {
                "product": "211.10", "line": "28", "partner": "511.10",
                "continuation": "wie Ansatz", "amount_2027": 12_000,
            },
        ],
        "savings": [
            {
                "savings_measure": "K-01", "title": "Energie sparen", "product": "211.10",
                "goal": "Z1", "effect": "Jahreswirkung", "type": "Sach", "state": "begonnen",
                "plan_2027": 10_000, "plan_2028": 12_000, "plan_2029": 12_000, "plan_2030": 12_000,
            }
        ],
        "commitments": [
            {
                "product": "211.10", "line": "F08", "measure": "M-T40-001", "year": 2027,
                "due_2028": 900_000, "due_2029": 300_000,
            }
        ],
    },
    "T61": {
        **RETURNS["T61"],
        "release": [{"setting": "state", "value": "Entwurf"}],
        "costs": [
            *RETURNS["T61"]["costs"],
            {
                "product": "511.10", "line": "27", "partner": "211.10",
                "continuation": "wie Ansatz", "amount_2027": 10_000,
            },
        ],
    },
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _reading_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        read_once(patch)
        yield


@pytest.fixture
def forger(tmp_path: Path) -> Forger:
    return a_forger(tmp_path, returns=CITY, **TABLES)


def found_by(forger: Forger) -> set[Found]:
    """Check, file, sheet and cell of everything that is found."""
    frame = forger.found()[["check", "file", "sheet", "cell"]]
    return set(frame.itertuples(index=False, name=None))


def test_an_honest_run_has_no_difference(forger: Forger) -> None:
    assert forger.found().to_dict("records") == []
    forger.seal()
    assert forger.found().to_dict("records") == []


# --- the deeds ------------------------------------------------------------------------------------


def _set(rows: list[Record], at: Mapping[str, str], **values: str) -> None:
    hit = next(row for row in rows if at.items() <= row.items())
    assert any(hit[name] != value for name, value in values.items())
    hit.update(values)


def _drop(rows: list[Record], **at: str) -> None:
    rows.remove(next(row for row in rows if at.items() <= row.items()))


def _in_plan(check: str, sheet: str, cell: str = "") -> Found:
    return check, PLAN, sheet, cell


def _csv(table: str, *, at: Mapping[str, str], found: Found | None = None, **values: str) -> Deed:
    """An edited cell of the data package; found at the source of its row, if nowhere else."""

    def deed(forger: Forger) -> Found:
        hit = next(row for row in forger.rows(table) if at.items() <= row.items())
        forger.rewrite(table, lambda rows: _set(rows, at, **values))
        return found or (table, hit["file"], hit["sheet"], hit["cell"])

    return deed


def _gone(table: str, *, check: str = "completeness", **at: str) -> Deed:
    """A row taken out of the data package."""

    def deed(forger: Forger) -> Found:
        hit = next(row for row in forger.rows(table) if at.items() <= row.items())
        forger.rewrite(table, lambda rows: _drop(rows, **at))
        return check, hit["file"], hit["sheet"], hit["cell"]

    return deed


def _cell_of(forger: Forger, sheet: str, text: str, heading: str) -> str:
    return f"{forger.column(sheet, heading)}{forger.find(sheet, text)}"


def _constant(sheet: str, text: str, heading: str, file: str = PLAN) -> Deed:
    """The formula of a cell overwritten with the number that it gave."""

    def deed(forger: Forger) -> Found:
        cell = f"{forger.column(sheet, heading, file)}{forger.find(sheet, text, file)}"
        forger.write(sheet, cell, value=_number(forger, sheet, cell, file), file=file)
        return "workbook", file, sheet, cell

    return deed


def _number(forger: Forger, sheet: str, cell: str, file: str = PLAN) -> float:
    book = forger.sheet(sheet, file)
    value = next(stored.value for place, stored in book.cells.items() if _address(place) == cell)
    assert isinstance(value, float)
    return value


def _address(place: tuple[int, int]) -> str:
    row, column = place
    return f"{chr(64 + column)}{row}" if column <= 26 else f"A{chr(64 + column - 26)}{row}"


def _text(sheet: str, text: str, heading: str, new: str, check: str = "workbook") -> Deed:
    """A text of a sheet written anew."""

    def deed(forger: Forger) -> Found:
        cell = _cell_of(forger, sheet, text, heading)
        forger.write(sheet, cell, value=new)
        return _in_plan(check, sheet, cell)

    return deed


def _value(sheet: str, text: str, heading: str, value: float, check: str = "workbook") -> Deed:
    """A number of a sheet written anew."""

    def deed(forger: Forger) -> Found:
        cell = _cell_of(forger, sheet, text, heading)
        forger.write(sheet, cell, value=value)
        return _in_plan(check, sheet, cell)

    return deed


def _formula(sheet: str, text: str, heading: str, old: str, new: str, check: str) -> Deed:
    """A formula that computes something else; the cached value stays."""

    def deed(forger: Forger) -> Found:
        cell = _cell_of(forger, sheet, text, heading)
        forger.formula(sheet, cell, lambda formula: formula.replace(old, new, 1))
        return _in_plan(check, sheet, cell)

    return deed


def _cached(sheet: str, text: str, heading: str, value: str) -> Deed:
    """A forged value beside an honest formula."""

    def deed(forger: Forger) -> Found:
        cell = _cell_of(forger, sheet, text, heading)
        forger.cached(sheet, cell, value)
        return _in_plan("formulas", sheet, cell)

    return deed


def _hidden_row(sheet: str, text: str, attribute: str = 'hidden="1"') -> Deed:
    def deed(forger: Forger) -> Found:
        row = forger.find(sheet, text)
        forger.row_attribute(sheet, row, attribute)
        return _in_plan("hidden", sheet, f"A{row}")

    return deed


def _return_changed(forger: Forger) -> Found:
    change(forger.path("T40.xlsx"), lambda book: _type(book["Ansätze"], 870_000, 870_001))
    return "manifest", "T40.xlsx", "", ""


def _type(sheet: Worksheet, old: float, new: float) -> None:
    cell = next(cell for row in sheet.iter_rows() for cell in row if cell.value == old)
    cell.value = new


def _share_changed(forger: Forger) -> Found:
    change(forger.path("Stammdaten.xlsx"), lambda book: _type(book["Produktziele"], 60, 50))
    row = next(
        row
        for row in forger.rows("contributions")
        if row["goal"] == "Z2" and row["product"] == "511.10" and row["origin"] == "return"
    )
    return "contributions", row["file"], row["sheet"], row["cell"]


def _goal_moved_in_the_master(forger: Forger) -> Found:
    def deed(book: Workbook) -> None:
        sheet = book["Ziele"]
        row = next(cells for cells in sheet.iter_rows() if any(c.value == "Z1.1" for c in cells))
        next(cell for cell in row if cell.value == "Z1").value = "Z2"

    change(forger.path("Stammdaten.xlsx"), deed)
    return "goals", "Daten/goals.csv", "", ""


def _returns_swapped(forger: Forger) -> Found:
    one, other = forger.path("T40.xlsx"), forger.path("T61.xlsx")
    contents = one.read_bytes(), other.read_bytes()
    one.write_bytes(contents[1])
    other.write_bytes(contents[0])
    return "register", "T40.xlsx", "", ""


def _return_removed(forger: Forger) -> Found:
    forger.path("T61.xlsx").unlink()
    return "manifest", "T61.xlsx", "", ""


def _return_added(forger: Forger) -> Found:
    shutil.copy(forger.path("T61.xlsx"), forger.workspace.returns / "nachgereicht.xlsx")
    return "manifest", "nachgereicht.xlsx", "", ""


def _output_added(forger: Forger) -> Found:
    (forger.output / "Teilplaene").mkdir(exist_ok=True)
    (forger.output / "Teilplaene" / "T99.csv").write_text("fremd", encoding="utf-8")
    return "manifest", "Teilplaene/T99.csv", "", ""


def _output_removed(forger: Forger) -> Found:
    (forger.output / "Daten" / "units.csv").unlink()
    return "manifest", "Daten/units.csv", "", ""


def _hash_forged(forger: Forger) -> Found:
    path = forger.output / "manifest.json"
    facts = json.loads(path.read_text(encoding="utf-8"))
    facts["inputs"]["T40.xlsx"] = "0" * 64
    path.write_text(json.dumps(facts), encoding="utf-8")
    return "manifest", "T40.xlsx", "", ""


def _state_of_the_plan_forged(forger: Forger) -> Found:
    path = forger.output / "manifest.json"
    facts = json.loads(path.read_text(encoding="utf-8"))
    facts["provisional"] = not facts["provisional"]
    path.write_text(json.dumps(facts), encoding="utf-8")
    return "manifest", "manifest.json", "", ""


def _manifest_from_elsewhere(forger: Forger) -> Found:
    path = forger.output / "manifest.json"
    facts = json.loads(path.read_text(encoding="utf-8"))
    facts["content_digest"] = "0" * 64
    path.write_text(json.dumps(facts), encoding="utf-8")
    return "manifest", "manifest.json", "", ""


def _data_row_moved(forger: Forger) -> Found:
    one, other = forger.find("Daten", "Z1.1"), forger.find("Daten", "ohne Ziel")
    forger.swap_rows("Daten", one, other)
    return _in_plan("data_sheet", "Daten", f"A{one + 1}")


def _data_row_removed(forger: Forger) -> Found:
    forger.drop_row("Daten", forger.find("Daten", "Z1.2"))
    return _in_plan("data_sheet", "Daten")


def _data_row_doubled(forger: Forger) -> Found:
    row, last = forger.find("Daten", "Z1.2"), forger.sheet("Daten").last_row

    def edit(text: str) -> str:
        begin = text.index(f'<row r="{row}"')
        own = text[begin : text.index("</row>", begin) + len("</row>")]
        copy = own.replace(f'r="{row}"', f'r="{last + 1}"', 1)
        for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
            copy = copy.replace(f'"{letter}{row}"', f'"{letter}{last + 1}"')
        return text.replace("</sheetData>", f"{copy}</sheetData>")

    forger.xml("Daten", edit)
    return _in_plan("data_sheet", "Daten", f"A{last + 1}")


def _amount_of_data(forger: Forger) -> Found:
    cell = _cell_of(forger, "Daten", "Z2", "Ansatz 2027")
    row = int("".join(filter(str.isdigit, cell)))
    column = "".join(filter(str.isalpha, cell))
    while f"{column}{row}" not in {_address(place) for place in forger.sheet("Daten").cells}:
        row += 1
    cell = f"{column}{row}"
    forger.write("Daten", cell, value=_number(forger, "Daten", cell) + 0.01)
    return _in_plan("data_sheet", "Daten", cell)


def _sign_of_data(forger: Forger) -> Found:
    book = forger.sheet("Daten")
    column = forger.column("Daten", "Ansatz 2027")
    cell = next(
        _address(place)
        for place, stored in sorted(book.cells.items())
        if _address(place).startswith(column) and isinstance(stored.value, float) and stored.value
    )
    forger.write("Daten", cell, value=-_number(forger, "Daten", cell))
    return _in_plan("data_sheet", "Daten", cell)


def _booked_elsewhere(forger: Forger) -> Found:
    """The number by which sums find it, and the goal beside it."""
    row, number = forger.find("Daten", "Z1.2"), forger.column("Daten", "Nr. Ziel")
    other = forger.sheet("Daten").value(forger.find("Daten", "Z2"), 1)
    assert isinstance(other, float)
    forger.write("Daten", f"{number}{row}", value=other)
    forger.write("Daten", f"{forger.column('Daten', 'Ziel')}{row}", value="Z2")
    return _in_plan("data_sheet", "Daten")


def _link_of_data(forger: Forger) -> Found:
    row = forger.find("Daten", "Z1.2")
    cell = f"{forger.column('Daten', 'Zellen')}{row}"
    target = forger.sheet("Daten").links[cell].rpartition("!")[2]

    def edit(text: str) -> str:
        begin = text.index(f'<hyperlink ref="{cell}"')
        end = text.index("/>", begin)
        return text[:begin] + text[begin:end].replace(f"!{target}", "!A1") + text[end:]

    forger.xml("Daten", edit)
    return _in_plan("data_sheet", "Daten", cell)


def _range_of_a_name(forger: Forger) -> Found:
    last = forger.sheet("Daten").last_row
    book = forger.sheet("Daten")
    column = forger.column("Daten", "Ansatz 2027")
    forger.part(
        PLAN,
        "xl/workbook.xml",
        lambda text: text.replace(f"${column}${last}", f"${column}${last - 1}"),
    )
    first = min(row for row, _ in book.cells if row > 4)
    return _in_plan("data_sheet", "Daten", f"{column}{first}")


def _column_hidden(forger: Forger) -> Found:
    column = forger.column("Zielbaum", "Stand")
    number = ord(column[-1]) - 64 + (26 if len(column) == 2 else 0)
    forger.xml(
        "Zielbaum",
        lambda text: text.replace(f'<col min="{number}"', f'<col hidden="1" min="{number}"'),
    )
    return _in_plan("hidden", "Zielbaum", f"{column}1")


def _sheet_hidden(forger: Forger) -> Found:
    forger.part(
        PLAN,
        "xl/workbook.xml",
        lambda text: text.replace(
            '<sheet name="Abgleich"', '<sheet state="hidden" name="Abgleich"'
        ),
    )
    return _in_plan("hidden", "Abgleich")


def _format_forged(forger: Forger) -> Found:
    forger.part(
        PLAN,
        "xl/styles.xml",
        lambda text: text.replace('formatCode="#,##0.00;', 'formatCode="&quot;1.000&quot;;', 1),
    )
    return "hidden", PLAN, "", ""


def _code_doubled(forger: Forger) -> Found:
    row = forger.find("Bezugssicht", "Z2")
    _text("Bezugssicht", "Z1.2", "Ziel-Nr.", "Z2")(forger)
    return _in_plan("workbook", "Bezugssicht", f"A{row}")


def _heading(forger: Forger) -> Found:
    _text("Zielbaum", "Ziel-Nr.", "Ansatz 2027 Erträge", "Ansatz 2026\nErträge")(forger)
    return _in_plan("workbook", "Zielbaum", "A4")


def _goal_moved_in_the_tree(forger: Forger) -> Found:
    """A goal and its money below another parent: the titles change places, the codes too."""
    one, other = forger.find("Zielbaum", "Z1"), forger.find("Zielbaum", "Z2")
    forger.swap_rows("Zielbaum", one, other)
    child = forger.find("Zielbaum", "Z1.1")
    return _in_plan("workbook", "Zielbaum", f"{forger.column('Zielbaum', 'Ziel-Nr.')}{child}")


def _row_of_the_tree_removed(forger: Forger) -> Found:
    forger.drop_row("Zielbaum", forger.find("Zielbaum", "Z1.2"))
    return _in_plan("workbook", "Zielbaum")


def _range_cut(forger: Forger) -> Found:
    cell = _cell_of(forger, "Zielbaum", "Z1", "Planung 2028 Erträge")
    forger.formula("Zielbaum", cell, lambda text: re.sub(r":([A-Z]+)\d+", r":\g<1>6", text))
    return _in_plan("workbook", "Zielbaum", cell)


def _total_of_the_lines(forger: Forger) -> Found:
    return _formula("Ergebnisplan", "Erträge", "Ansatz 2027", "SUM(", "SUM(1,", "formulas")(forger)


def _reconciliation_blinded(forger: Forger) -> Found:
    row = forger.find("Abgleich", "figures.csv (Zahlenwert)")
    column = forger.column("Abgleich", "Abweichung zu Produkte")
    forger.write("Abgleich", f"{column}{row}", value=0, formula="ROUND(0,2)")
    return _in_plan("workbook", "Abgleich", f"{column}{row}")


def _verdict_blinded(forger: Forger) -> Found:
    forger.write("Abgleich", "A4", value="✓ alle Summen stimmen", formula='"✓ alle Summen stimmen"')
    return _in_plan("workbook", "Abgleich", "A4")


def _verdict_on_the_cover(forger: Forger) -> Found:
    book = forger.sheet("Deckblatt")
    cell = next(
        _address(place)
        for place, stored in book.cells.items()
        if "Abgleich" in (stored.formula or "")
    )
    forger.write("Deckblatt", cell, value="✓ alle Summen stimmen")
    return _in_plan("workbook", "Deckblatt")


def _amount_of_a_part(forger: Forger) -> Found:
    """A cell of the data of one office."""
    file = "Teilplaene/T40.xlsx"
    column = forger.column("Daten", "Ansatz 2027", file)
    cell = next(
        _address(place)
        for place, stored in sorted(forger.sheet("Daten", file).cells.items())
        if _address(place).startswith(column) and isinstance(stored.value, float)
    )
    forger.write("Daten", cell, value=1, file=file)
    return "workbook", file, "Daten", cell


def _line_of_a_product_page(forger: Forger) -> Found:
    file, page = "Teilplaene/T40.xlsx", "P 211.10"
    column = forger.column(page, "Ansatz 2027", file)
    row = forger.find(page, "Aufwendungen", file)
    forger.write(page, f"{column}{row}", value=1, formula="ROUND(1,2)", file=file)
    return "workbook", file, page, f"{column}{row}"


def _budget_of_an_agreement(forger: Forger) -> Found:
    file = "Zielvereinbarungen.xlsx"
    sheet = forger.sheet("Übersicht", file)
    key = next(row for row in sorted(sheet.by_row) if sheet.text(row, 1).startswith("zh:"))
    names = {text: column for column, text in sheet.row_texts(key).items()}
    cell = _address((forger.find("Übersicht", "ZV-2", file), names["condition_2027"]))
    forger.write("Übersicht", cell, value=1, file=file)
    return "workbook", file, "Übersicht", cell


def _hash_in_the_workbook(forger: Forger) -> Found:
    return _text("Quellen", "T40.xlsx", "Prüfsumme (SHA-256)", "0" * 64)(forger)


def _state_in_the_register(forger: Forger) -> Found:
    return _text("Rückläufe", "T40.xlsx", "Status", "nicht verwendbar")(forger)


def _finding_removed(forger: Forger) -> Found:
    """From the data: the register still counts it."""
    gone = next(row for row in forger.rows("findings") if row["file"] == "T61.xlsx")
    forger.rewrite("findings", lambda rows: rows.remove(gone))
    return "register", "T61.xlsx", "", ""


def _finding_removed_from_the_sheet(forger: Forger) -> Found:
    forger.drop_row("Befunde", forger.sheet("Befunde").last_row)
    return _in_plan("workbook", "Befunde")


def _finding_toned_down(forger: Forger) -> Found:
    row = next(row for row in forger.rows("findings") if row["severity"] != "note")
    cell = _cell_of(forger, "Befunde", row["message"], "Stufe")
    forger.write("Befunde", cell, value="○ Hinweis")
    return _in_plan("workbook", "Befunde", cell)


T40 = {"file": "T40.xlsx"}
RETURNED = {"origin": "return", "file": "T40.xlsx", "line": "13", "measure": "", "year": "2027"}
Z12 = {"view": "anteil", "goal": "Z1.2", "kind": "expense", "year": "2027"}
LINE_18 = {"scope": "city", "line": "18", "year": "2027"}
CITY_K1 = {"kpi": "K-1", "scope": "city", "year": "2025", "role": "actual"}

DEEDS: Mapping[str, Deed] = {
    # inputs after the run
    "a return changed after the run": _return_changed,
    "a share edited in the master": _share_changed,
    "a goal moved in the master": _goal_moved_in_the_master,
    "two returns swapped": _returns_swapped,
    "a return removed": _return_removed,
    "a return added": _return_added,
    # the manifest and the folder
    "an output added": _output_added,
    "an output removed": _output_removed,
    "a hash forged in the manifest": _hash_forged,
    "a provisional plan called final": _state_of_the_plan_forged,
    "a manifest of another run": _manifest_from_elsewhere,
    # the data package
    "an amount in figures.csv": _csv("figures", at=RETURNED, cents="87000001"),
    "a sign in contributions.csv": _csv(
        "contributions", at={**RETURNED, "goal": "Z1.1"}, cents="-1"
    ),
    "a total in aggregates.csv": _csv(
        "aggregates", at=Z12, cents="1", found=("aggregates", "Daten/aggregates.csv", "", "")
    ),
    "a computed line in lines.csv": _csv(
        "lines", at=LINE_18, cents="1", found=("lines", "Daten/lines.csv", "", "")
    ),
    "an attainment in attainment.csv": _csv(
        "attainment", at={"goal": "Z2", "year": "2025"}, attainment_bp="10000",
        found=("attainment", "Daten/attainment.csv", "", ""),
    ),
    "a traffic light in attainment.csv": _csv(
        "attainment", at={"goal": "Z2", "year": "2025"}, state="green",
        found=("attainment", "Daten/attainment.csv", "", ""),
    ),
    "a value in kpis.csv": _csv("kpis", at={"kpi": "K-1", "role": "actual"}, value="399"),
    "a key figure taken out": _gone("kpis", kpi="K-1", role="actual"),
    "a result in kpi_results.csv": _csv(
        "kpi_results", at=CITY_K1, value="399", found=("kpi_results", "Daten/kpi_results.csv", "", "")
    ),
    "a capped attainment in kpi_results.csv": _csv(
        "kpi_results", at=CITY_K1, capped_bp="10000",
        found=("kpi_results", "Daten/kpi_results.csv", "", ""),
    ),
    "a commitment of another year": _csv("commitments", at={"due_year": "2028"}, year="2028"),
    "a commitment taken out": _gone("commitments", due_year="2029"),
    "a title in products.csv": _csv(
        "products", at={"product": "541.10"}, title="Autobahnen",
        found=("products", "Stammdaten.xlsx", "Produkte", "C9"),
    ),
    "a total cost in measures.csv": _csv(
        "measures", at={"measure": "M-T40-001"}, total_cost="1",
        found=("measures", "T40.xlsx", "Maßnahmen", "M7"),
    ),
    "a goal's parent in goals.csv": _csv(
        "goals", at={"goal": "Z1.1"}, parent="Z2", found=("goals", "Daten/goals.csv", "", "")
    ),
    "a count in register.csv": _csv(
        "register", at=T40, warnings="77", found=("register", "T40.xlsx", "", "")
    ),
    "a part called rejected in register.csv": _csv(
        "register", at=T40, status="partial", key_figures="rejected",
        found=("register", "T40.xlsx", "", ""),
    ),
    "a figure taken out": _gone("figures", **RETURNED),
    "a finding taken out": _finding_removed,
    # the sheet Daten
    "an amount of Daten by one cent": _amount_of_data,
    "a sign in Daten": _sign_of_data,
    "a row of Daten moved": _data_row_moved,
    "a row of Daten removed": _data_row_removed,
    "a row of Daten doubled": _data_row_doubled,
    "a row of Daten booked on another goal": _booked_elsewhere,
    "a share in Daten": _value("Daten", "Z1.2", "Anteil", 0.5, "data_sheet"),
    "a source cell in Daten": _text("Daten", "allgemein", "Zellen", "A1", "data_sheet"),
    "a link of Daten that leads elsewhere": _link_of_data,
    "a running number in Daten": _value("Daten", "Z1.2", "Nr. Ziel", 1, "data_sheet"),
    "a row of Daten hidden": _hidden_row("Daten", "Z1.2"),
    "a defined name cut by a row": _range_of_a_name,
    # formulas
    "a sum overwritten with its own value": _constant("Zielbaum", "Z1", "Ansatz 2027 Aufwendungen"),
    "a leaf overwritten with its own value": _constant(
        "Zielbaum", "Z1.2", "Ansatz 2027 Zuschussbedarf"
    ),
    "a total of the products overwritten": _constant("Produkte", "Gesamt", "Ansatz 2027 Erträge"),
    "a balance of a unit overwritten": _constant(
        "Organisation", "T40", "Ansatz 2027 Investitionssaldo"
    ),
    "a line overwritten": _constant("Ergebnisplan", "13", "Ansatz 2027"),
    "a key figure of the cover overwritten": _constant("Deckblatt", "Erträge", "Ansatz 2027"),
    "a measure overwritten": _constant("Maßnahmen", "M-T40-002", "Zuschussbedarf Ansatz 2027"),
    "a payment overwritten": _constant(
        "Investitionsmaßnahmen", "M-T40-001", "Auszahlung Ansatz 2027"
    ),
    "a sum of the reconciliation overwritten": _constant("Abgleich", "Organisation", "Ansatz 2027"),
    "a sum cut by a row where all are 0": _range_cut,
    "another year looked up": _formula(
        "Zielbaum", "Z1.2", "Ansatz 2027 Aufwendungen", "Betrag_2027", "Betrag_2028", "formulas"
    ),
    "another kind looked up where both are 0": _formula(
        "Produkte", "541.10", "Ansatz 2027 Erträge", '"Ertrag"', '"interner Ertrag"', "workbook"
    ),
    "a minus turned into a plus where one is 0": _formula(
        "Bezugssicht", "Z2", "Ansatz 2027 Zuschussbedarf", "-", "+", "workbook"
    ),
    "one more in a line's formula": _total_of_the_lines,
    "a forged cached value": _cached("Zielbaum", "Z1", "Ansatz 2027 Zuschussbedarf", "1"),
    "a forged cached share": _cached("Zielbaum", "Z1", "Anteil 2027", "0.5"),
    "a comparison that sees nothing": _reconciliation_blinded,
    "a verdict that is no formula of the sums": _verdict_blinded,
    "a verdict typed on the cover": _verdict_on_the_cover,
    # what is printed
    "a title of a goal": _text("Zielbaum", "Z1.2", "Ziel", "Ganztag abschaffen"),
    "a title of a unit": _text("Organisation", "T40", "Bezeichnung", "Team Sport"),
    "a title of a product": _text("Produkte", "541.10", "Bezeichnung", "Autobahnen"),
    "a code of a goal": _code_doubled,
    "a heading of a year": _heading,
    "a traffic light in the tree": _text("Zielbaum", "Z2", "Stand", "● im Plan"),
    "a coverage in the tree": _value("Zielbaum", "Z2", "Abdeckung", 0.123),
    "an amount of the gross view": _value("Bezugssicht", "R1", "Ansatz 2027 Aufwendungen", 1),
    "a status of a measure": _text("Maßnahmen", "M-T40-003", "Status", "geplant"),
    "a value of a key figure": _value("Kennzahlen", "K-1", "Ist 2025", 999),
    "a state of a key figure": _text("Kennzahlen", "K-3", "Stand 2025", "● im Plan"),
    "a commitment": _value("Verpflichtungen", "M-T40-001", "fällig 2028", 1),
    "a hash among the sources": _hash_in_the_workbook,
    "a state among the returns": _state_in_the_register,
    "a finding taken from the sheet": _finding_removed_from_the_sheet,
    "a finding toned down on the sheet": _finding_toned_down,
    "a goal moved in the tree": _goal_moved_in_the_tree,
    "a goal taken from the tree": _row_of_the_tree_removed,
    "an attainment overwritten": _constant("Zielerreichung", "Z2", "Zielerreichung 2025"),
    "a coverage overwritten": _constant("Zielerreichung", "Z1", "Abdeckung"),
    "a ceiling": _value("Eckwerte", "T40", "Eckwert 2027", 1_000_000),
    "the net cost beside a ceiling": _constant("Eckwerte", "T40", "Zuschussbedarf 2027"),
    "a saving": _value("Konsolidierung", "K-01", "Soll 2027", 99_000),
    "a sum of savings": _constant("Konsolidierung", "T40", "Soll 2028"),
    "a framework condition": _value("Rahmenbedingungen", "R1", "Zuschussbedarf Ansatz 2027", 1),
    # the other workbooks
    "an amount of a part of the plan": _amount_of_a_part,
    "a line of a product page": _line_of_a_product_page,
    "a total of a part of the plan": _constant(
        "Überblick", "Zuschussbedarf", "Ansatz 2027", "Teilplaene/T40.xlsx"
    ),
    "a budget of a target agreement": _budget_of_an_agreement,
    # what is not seen
    "a row of the tree hidden": _hidden_row("Zielbaum", "Gesamt"),
    "a row of the tree without height": _hidden_row("Organisation", "T61", 'ht="0"'),
    "a column hidden": _column_hidden,
    "a sheet hidden": _sheet_hidden,
    "a format that prints another number": _format_forged,
}  # fmt: skip
_OF_THE_FOLDER = {
    "an output added",
    "an output removed",
    "a manifest of another run",
}
"""Deeds that the manifest itself would confess."""


def test_there_are_more_than_forty_deeds() -> None:
    assert len(DEEDS) > 90


_GROUPS = 4


def _group(number: int) -> list[str]:
    """Deeds of one group: neighbours in the list, which touch the same rows, stand apart."""
    return list(DEEDS)[number::_GROUPS]


@pytest.mark.parametrize("number", range(_GROUPS))
def test_planted_manipulations_are_found_at_their_places(forger: Forger, number: int) -> None:
    """Several deeds at once, so that all of them fit into every run of the tests."""
    names = _group(number)
    expected = {}
    for name in names:
        if name not in _OF_THE_FOLDER:
            expected[name] = DEEDS[name](forger)
    forger.seal()
    for name in names:
        if name in _OF_THE_FOLDER:
            expected[name] = DEEDS[name](forger)
    found = found_by(forger)
    assert [name for name, place in expected.items() if place not in found] == []


@pytest.mark.long
@pytest.mark.parametrize("name", DEEDS)
def test_a_planted_manipulation_alone_is_found_at_its_place(forger: Forger, name: str) -> None:
    expected = DEEDS[name](forger)
    if name not in _OF_THE_FOLDER:
        forger.seal()
    assert expected in found_by(forger)
