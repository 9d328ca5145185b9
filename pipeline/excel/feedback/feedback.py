"""What a department gets back: a receipt with its own sums, and the list of what should be looked
at, with links to the cells.

The workbook is written for everybody who was asked, also for those whose return is missing.
`put_receipt`, `put_amounts` and `put_findings` are sheets that know nothing of each other: a
rebuilt return can be added to the same workbook, and `put_findings` then links to the rebuilt
cells instead of the file that came back (argument ``link``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pandas as pd
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from pipeline.excel.budget_plan import labels
from pipeline.excel.budget_plan.looks import Looks, height_of
from pipeline.excel.budget_plan.sheets import (
    german_date,
    page,
    put_header,
    put_money,
    put_source,
    put_sum,
    source_link,
    text_of,
)
from pipeline.excel.budget_plan.sources import (
    SEVERITY_ORDER,
    SEVERITY_ROLES,
    SEVERITY_SYMBOLS,
    records,
    state_of,
)
from pipeline.excel.workbook import Book, done, new_book, put_number, put_text
from pipeline.model.findings import Finding
from pipeline.model.money import cents as cents_of
from pipeline.model.money import german
from pipeline.model.results import Results
from pipeline.model.tables import Column, Kind, Year
from pipeline.tables.choices import ALL_KINDS, INTERNAL_KINDS, STAND_INS, label

RECEIPT: Final = "Quittung"
FINDINGS: Final = "Rückmeldung"
AMOUNTS: Final = "Beträge"
_UP = 4
"""Folders between ``output/<city>/<plan>/Rueckmeldungen`` and the root."""

Link = Callable[[Finding], str | None]
"""Where the cell of a finding can be opened; ``None`` where it cannot."""

_RECEIPT_WIDTHS: Final = (5.0, 14.0, 46.0, 22.0)
_AMOUNT_HEAD: Final = (
    ("Nr.\nProdukt", 8.0),
    ("Produkt", 12.0),
    ("Zeile", 8.0),
    ("Maßnahme", 14.0),
    ("Geldart", 18.0),
    ("Herkunft", 20.0),
    ("Datei", 24.0),
    ("Blatt", 18.0),
    ("Zellen", 22.0),
)
FINDING_HEAD: Final = (
    ("Nr.", 5.0),
    ("Stufe", 13.0),
    ("Blatt", 15.0),
    ("Zelle", 9.0),
    ("Feld", 27.0),
    ("Ihr Eintrag", 20.0),
    ("Was ist aufgefallen?", 50.0),
    ("Was ist zu tun?", 50.0),
    ("Stand", 14.0),
)
HEAD_ROW: Final = 3
_ROWS_PER_PAGE: Final = 50
"""As many rows of the receipt still read well on one page."""
_FIRST_AMOUNT_ROW: Final = HEAD_ROW + 1


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What the sheets of one unit's workbook are written from.

    ``rows`` are the unit's amounts of the years that it plans: one row per source row, integer
    cents per year (missing where there is no amount), with ``product``, ``line``, ``measure``,
    ``kind``, ``origin``, ``file``, ``sheet``, ``cell``, ``cells``. ``files`` are its rows of the
    register. ``findings`` are its findings with message and repair, errors first. ``rebuilt`` says
    that the workbook holds the unit's own entries once more, to be mended there.
    """

    results: Results
    unit: str
    book: Book
    looks: Looks
    rows: pd.DataFrame
    years: Sequence[Year]
    files: Sequence[Mapping[str, str]]
    findings: Sequence[tuple[Finding, Mapping[str, Any]]]
    rebuilt: bool = False

    @property
    def title(self) -> str:
        """Number and name of the unit."""
        return f"{self.unit} {self.results.master.titles['units'].get(self.unit, '')}".strip()

    @property
    def status(self) -> str:
        """The one status that speaks for the unit: that of the counted file, else the worst."""
        found = {facts["status"] for facts in self.files}
        order = (
            "accepted",
            "no_change",
            "partial",
            "rejected",
            "received",
            "missing",
            "substituted",
        )
        return next((status for status in order if status in found), "missing")

    @property
    def stood_in(self) -> bool:
        """Whether other amounts count in the place of a return."""
        return any(facts["status"] == "substituted" for facts in self.files)


def write_receipt(results: Results, unit: str, path: Path) -> None:
    """Writes ``Rueckmeldungen/<unit>.xlsx``; the same results give the same bytes."""
    with new_book(
        path, title=f"Rückmeldung {unit} – {results.plan}", subject=results.master.settings.city
    ) as book:
        desk = desk_of(results, unit, book)
        sheets = {name: book.sheet(name) for name in (RECEIPT, FINDINGS, AMOUNTS)}
        put_receipt(desk, sheets[RECEIPT])
        put_findings(desk, sheets[FINDINGS], link=lambda finding: link_to_source(results, finding))
        put_amounts(desk, sheets[AMOUNTS])


def desk_of(results: Results, unit: str, book: Book) -> Desk:
    """Everything that concerns one unit, gathered."""
    years = results.master.entered_years
    register = [
        {name: text_of(value) for name, value in entry.items()}
        for entry in records(results.tables["register"])
    ]
    table = records(results.tables["findings"])
    files = [facts for facts in register if facts["unit"] == unit or _looks_like(facts, unit)]
    names = {facts["file"] for facts in files} - {""}
    mine = [
        pair
        for pair in zip(results.findings, table, strict=True)
        if pair[0].unit == unit or (not pair[0].unit and pair[0].place.file in names)
    ]
    return Desk(
        results=results,
        unit=unit,
        book=book,
        looks=Looks(book.workbook),
        rows=_rows(results, unit, years),
        years=years,
        files=files,
        findings=sorted(
            mine, key=lambda pair: (SEVERITY_ORDER.index(pair[0].severity.value), pair[0].waived)
        ),
    )


def _looks_like(facts: Mapping[str, str], unit: str) -> bool:
    """Whether an unreadable file is probably this unit's: it still has the name of its template."""
    stem = facts["file"].rpartition("/")[2].partition(".")[0]
    return not facts["unit"] and facts["status"] == "rejected" and stem.strip() == unit


def link_to_source(results: Results, finding: Finding) -> str | None:
    """The link to a finding's cell in the file that came back."""
    place = finding.place
    return source_link(results, place.file, place.sheet, place.cell, up=_UP)


def _rows(results: Results, unit: str, years: Sequence[Year]) -> pd.DataFrame:
    """The unit's figures of the entered years, those of one source row beside each other."""
    figures = results.tables["figures"]
    wanted = [year.year for year in years]
    mine = figures[
        (figures["unit"] == unit) & figures["year"].isin(wanted) & (figures["origin"] != "master")
    ]
    key = ["product", "line", "measure", "kind", "origin", "file", "sheet"]
    sheet_row = mine["cell"].str.extract(r"(\d+)$", expand=False).fillna("0").astype("int64")
    # Amounts of the master stand below each other, one per year: they are joined by their key
    # instead of their row.
    by_row = mine["file"] != "Stammdaten.xlsx"
    frame = mine.assign(sheet_row=sheet_row.where(by_row, 0)).sort_values(
        [*key, "sheet_row", "year", "cell"], kind="stable"
    )
    frame = frame.assign(copy=frame.groupby([*key, "sheet_row", "year"]).cumcount())
    frame = frame.assign(row=frame.groupby([*key, "sheet_row", "copy"], sort=False).ngroup())
    grouped = frame.groupby("row", sort=True)
    rows = grouped[[*key, "sheet_row", "cell"]].first()
    rows["cells"] = grouped["cell"].agg(lambda cells: ", ".join(dict.fromkeys(map(str, cells))))
    amounts = frame.pivot(index="row", columns="year", values="cents")
    for year in wanted:
        rows[year] = (
            amounts[year].astype("Int64")
            if year in amounts.columns
            else pd.array([pd.NA] * len(rows), dtype="Int64")
        )
    return rows.reset_index(drop=True)


# --- the receipt
# ------------------------------------------------------------------------------------------------


def put_receipt(desk: Desk, sheet: Worksheet) -> None:
    """Thanks, what arrived, what became of it, what happens next, and the sums to compare with
    one's own.
    """
    page(desk.results, sheet, RECEIPT)
    widths = [*_RECEIPT_WIDTHS, *([15.0] * len(desk.years))]
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)
    _put_banner(desk, sheet, len(widths))
    row = 4
    for text, role in _message(desk):
        row = _put_wide(desk, sheet, row, text, role)
    row = _put_files(desk, sheet, row + 1)
    row = _put_next_steps(desk, sheet, row + 1)
    last = _put_sums(desk, sheet, row + 1, widths)
    if last <= _ROWS_PER_PAGE:
        sheet.fit_to_pages(1, 1)
    sheet.activate()


def _put_banner(desk: Desk, sheet: Worksheet, columns: int) -> None:
    settings = desk.results.master.settings
    example = " – Fiktive Beispieldaten" if settings.example_data else ""
    texts = (
        (18, "banner", settings.city),
        (34, "banner_title", f"Quittung: {desk.title}"),
        (
            18,
            "banner",
            (
                f"Haushaltsplan {desk.results.plan} – {settings.round}, Stichtag "
                f"{german_date(settings.as_of)}{example}"
            ),
        ),
    )
    for row, (height, role, text) in enumerate(texts):
        sheet.set_row(row, height)
        for column in range(columns):
            put_text(sheet, row, column, text if column == 1 else "", desk.looks(role))
    sheet.set_row(3, 8)


_MESSAGES: Final[Mapping[str, tuple[str, str]]] = {
    "accepted": (
        "✓ Vielen Dank! Ihr Rücklauf ist angekommen und vollständig übernommen.",
        "good",
    ),
    "partial": (
        (
            "▲ Vielen Dank! Ihr Rücklauf ist angekommen, ein Teil davon ist übernommen; "
            "beim Rest bitten wir um Ihre Hilfe."
        ),
        "watch",
    ),
    "rejected": (
        (
            "▲ Vielen Dank! Ihr Rücklauf ist angekommen. Übernehmen können wir ihn erst, "
            "wenn die Fehler im Blatt Rückmeldung behoben sind."
        ),
        "watch",
    ),
    "received": ("○ Vielen Dank! Ihr Rücklauf ist angekommen und wird noch geprüft.", "row"),
    "missing": ("▲ Ihr Rücklauf ist noch nicht bei uns angekommen.", "watch"),
}
"""What became of a return, in friendly words, with the look of the words."""


def _message(desk: Desk) -> list[tuple[str, str]]:
    """What became of the return and what counts in its place: texts with their looks."""
    status = {"no_change": "accepted"}.get(desk.status, desk.status)
    found = [_MESSAGES.get(status, _MESSAGES["missing"])]
    if desk.stood_in:
        units = desk.results.master.tables["units"].set_index("unit")
        words = label(STAND_INS, text_of(units.at[desk.unit, "stand_in"]))
        found.append(
            (
                (
                    f"Bis dahin gilt für Ihre Einheit ein Ersatz ({words}); "
                    "die Beträge unten sind diese Ersatzwerte."
                ),
                "plain",
            )
        )
    return found


def _put_wide(desk: Desk, sheet: Worksheet, row: int, text: str, role: str) -> int:
    look = desk.looks(role, "wrap")
    width = sum(_RECEIPT_WIDTHS[1:]) + 15.0 * len(desk.years)
    sheet.set_row(row, height_of((text, width * 0.95)) + 2)
    done(sheet.merge_range(row, 1, row, len(_RECEIPT_WIDTHS) + len(desk.years) - 1, "", look))
    put_text(sheet, row, 1, text, look)
    return row + 1


def _put_files(desk: Desk, sheet: Worksheet, row: int) -> int:
    """Every file of the unit with what became of it."""
    put_text(sheet, row, 1, "Was bei uns angekommen ist", desk.looks("heading"))
    open_findings = [finding for finding, _ in desk.findings if not finding.waived]
    counts = {
        code: sum(1 for finding in open_findings if finding.severity.value == code)
        for code in SEVERITY_ORDER
    }
    for facts in desk.files:
        if not facts["file"]:
            continue
        lines = (
            ("Datei", facts["file"]),
            ("Prüfsumme", facts["sha256"]),
            ("Revision", facts["revision"]),
            ("Status", labels.of(labels.STATUS, facts["status"])),
            ("Geld", labels.of(labels.PART, facts["money"])),
            ("Kennzahlen", labels.of(labels.PART, facts["key_figures"])),
        )
        for name, text in lines:
            row += 1
            put_text(sheet, row, 1, name, desk.looks("quiet", "text"))
            if name == "Datei":
                sheet.set_row(row, height_of((text, _RECEIPT_WIDTHS[2])))
                put_source(desk.looks, sheet, row, 2, text, source_link(desk.results, text, up=_UP))
            else:
                put_text(
                    sheet,
                    row,
                    2,
                    text,
                    desk.looks("row", "text" if name == "Prüfsumme" else "wrap"),
                )
                put_text(sheet, row, 3, "", desk.looks("row"))
        row += 1
        sheet.set_row(row, 6)
    if not any(facts["file"] for facts in desk.files):
        row += 1
        put_text(sheet, row, 1, "Bisher keine Datei.", desk.looks("plain"))
    row += 1
    put_text(sheet, row, 1, "Befunde", desk.looks("quiet", "text"))
    put_text(sheet, row, 2, labels.counted(counts), desk.looks("row", "text"))
    return row + 1


def _put_next_steps(desk: Desk, sheet: Worksheet, row: int) -> int:
    put_text(sheet, row, 1, "Wie es weitergeht", desk.looks("heading"))
    row += 1
    for number, step in enumerate(_next_steps(desk), start=1):
        row = _put_wide(desk, sheet, row, f"{number}. {step}", "plain")
    return row


def _next_steps(desk: Desk) -> list[str]:
    """What the department should do, by its status."""
    settings = desk.results.master.settings
    until = f" bis zum {german_date(settings.deadline)}" if settings.deadline else ""
    late = bool(settings.deadline) and settings.deadline < settings.as_of
    whom = f" an: {settings.contact}" if settings.contact else " an die Kämmerei"
    ask = (
        f"Fragen beantwortet gern: {settings.contact}."
        if settings.contact
        else "Fragen beantwortet gern die Kämmerei."
    )
    errors = any(finding.blocking for finding, _ in desk.findings)
    match desk.status:
        case "missing" | "substituted":
            when = f"{until} (die Frist ist verstrichen, bitte möglichst bald)" if late else until
            return [
                f"Wir erwarten die ausgefüllte Vorlage {desk.unit}.xlsx{when}.",
                f"Bitte senden Sie die Datei{whom}.",
                ask,
            ]
        case "accepted" | "no_change" if not errors:
            found = ["Bitte vergleichen Sie die Summen unten mit Ihren eigenen."]
            if desk.findings:
                found.append(
                    "Das Blatt Rückmeldung nennt, was uns aufgefallen ist; nichts davon hält "
                    "Ihre Beträge auf."
                )
            return [*found, ask]
        case _ if desk.rebuilt:
            when = ", möglichst bald," if late else until
            return [
                "Das Blatt Rückmeldung nennt jede Stelle; ein Klick auf die Zelle führt dorthin.",
                (
                    "Diese Datei enthält alle Ihre Eingaben: Bitte berichtigen Sie sie hier, "
                    f"speichern Sie und senden Sie die Datei zurück{when}{whom}."
                ),
                ask,
            ]
        case _:
            return [
                "Das Blatt Rückmeldung nennt jede Stelle; die Zelle führt in Ihre Datei.",
                (
                    f"Bitte berichtigen Sie Ihre Datei und senden Sie sie "
                    f"erneut{until if not late else ', möglichst bald,'}{whom}."
                ),
                ask,
            ]


def _put_sums(desk: Desk, sheet: Worksheet, row: int, widths: Sequence[float]) -> int:
    """Totals per product, kind and year: live sums over the sheet Beträge; gives the last row."""
    put_text(sheet, row, 1, "Ihre Summen (in Euro)", desk.looks("heading"))
    row += 1
    counted = desk.rows[desk.rows["origin"] != "listed"]
    if counted.empty:
        put_text(sheet, row, 1, "Es sind noch keine Beträge übernommen.", desk.looks("plain"))
        return row
    put_header(
        desk.looks,
        sheet,
        row,
        ["Nr.", "Produkt", "Bezeichnung", "Geldart", *(year.title for year in desk.years)],
        widths,
    )
    numbers = _numbers(desk)
    titles = desk.results.master.titles["products"]
    of_kind: dict[str, list[int]] = {kind: [] for kind in ALL_KINDS}
    totals: dict[tuple[str, int], int] = {}
    for product, number in numbers.items():
        mine = counted[counted["product"] == product]
        for kind in (kind for kind in ALL_KINDS if (mine["kind"] == kind).any()):
            row += 1
            of_kind[kind].append(row)
            sheet.set_row(row, height_of((titles.get(product, ""), widths[2])))
            put_number(sheet, row, 0, number, desk.looks("number", "count"))
            for column, text in enumerate(
                (product, titles.get(product, ""), labels.KIND[kind]), start=1
            ):
                put_text(sheet, row, column, text, desk.looks("row", "wrap"))
            for column, year in enumerate(desk.years, start=len(_RECEIPT_WIDTHS)):
                cents = int(mine.loc[mine["kind"] == kind, year.year].sum())
                totals[kind, year.year] = totals.get((kind, year.year), 0) + cents
                put_sum(
                    sheet,
                    row,
                    column,
                    _look_up(desk, row, kind, column),
                    cents,
                    desk.looks("row", "cents"),
                )
    return _put_totals(desk, sheet, row + 1, of_kind, totals)


def _numbers(desk: Desk) -> dict[str, int]:
    """Running numbers of the unit's products: Excel takes ``1.1`` and ``1.10`` for the same
    number in SUMIFS.
    """
    order = [*desk.results.master.titles["products"], *sorted(set(desk.rows["product"]))]
    mine = set(desk.rows["product"])
    return {
        product: number
        for number, product in enumerate(dict.fromkeys(p for p in order if p in mine), start=1)
    }


def _look_up(desk: Desk, row: int, kind: str, column: int) -> str:
    first, last = _FIRST_AMOUNT_ROW + 1, _FIRST_AMOUNT_ROW + max(len(desk.rows), 1)

    def area(place: int) -> str:
        letter = xl_col_to_name(place)
        return f"'{AMOUNTS}'!${letter}${first}:${letter}${last}"

    titles = [title for title, _ in _AMOUNT_HEAD]
    year = len(_AMOUNT_HEAD) + column - len(_RECEIPT_WIDTHS)
    # Rows that are only listed carry no running number, hence are in no sum.
    criteria = f'{area(0)},$A{row + 1},{area(titles.index("Geldart"))},"{labels.KIND[kind]}"'
    return f"ROUND(SUMIFS({area(year)},{criteria}),2)"


def _put_totals(
    desk: Desk,
    sheet: Worksheet,
    row: int,
    of_kind: Mapping[str, Sequence[int]],
    totals: Mapping[tuple[str, int], int],
) -> int:
    """Totals of the unit by kind, and its net cost beside the ceiling, if there is one."""
    at: dict[str, int] = {}
    for kind in (kind for kind in ALL_KINDS if of_kind[kind]):
        at[kind] = row
        title = f"{labels.PLURAL[kind]}{' (in keiner Summe)' if kind in INTERNAL_KINDS else ''}"
        for column, text in enumerate(("", "", f"Summe {title}", "")):
            put_text(sheet, row, column, text, desk.looks("subtotal", "text"))
        for column, year in enumerate(desk.years, start=len(_RECEIPT_WIDTHS)):
            letter = xl_col_to_name(column)
            cells = ",".join(f"{letter}{each + 1}" for each in of_kind[kind])
            formula = (
                f"ROUND(SUM({cells}),2)"
                if len(of_kind[kind]) <= 200
                else f"ROUND({cells.replace(',', '+')},2)"
            )
            put_sum(
                sheet,
                row,
                column,
                formula,
                totals[kind, year.year],
                desk.looks("subtotal", "cents"),
            )
        row += 1
    for column, text in enumerate(("", "", "Zuschussbedarf (Aufwendungen − Erträge)", "")):
        put_text(sheet, row, column, text, desk.looks("total", "text"))
    net = {}
    for column, year in enumerate(desk.years, start=len(_RECEIPT_WIDTHS)):
        letter = xl_col_to_name(column)
        parts = [
            f"{letter}{at[kind] + 1}" if kind in at else "0" for kind in ("expense", "revenue")
        ]
        net[year.year] = totals.get(("expense", year.year), 0) - totals.get(
            ("revenue", year.year), 0
        )
        put_sum(
            sheet,
            row,
            column,
            f"ROUND({parts[0]}-{parts[1]},2)",
            net[year.year],
            desk.looks("total", "cents"),
        )
    _put_ceiling(desk, sheet, row, net)
    return row + 2


def _put_ceiling(desk: Desk, sheet: Worksheet, row: int, net: Mapping[int, int]) -> None:
    """The ceiling that the council or the executive gave, and how far the unit is above (+) or
    below (−) it.
    """
    table = desk.results.master.tables["ceilings"]
    mine = table[table["unit"] == desk.unit]
    ceilings = {
        int(year): int(amount) for year, amount in zip(mine["year"], mine["amount"], strict=True)
    }
    if not ceilings or desk.stood_in:
        return
    for offset, title in ((1, "Eckwert"), (2, "über (+) oder unter (−) dem Eckwert")):
        for column, text in enumerate(("", "", title, "")):
            put_text(sheet, row + offset, column, text, desk.looks("row", "text"))
    for column, year in enumerate(desk.years, start=len(_RECEIPT_WIDTHS)):
        letter, ceiling = xl_col_to_name(column), ceilings.get(year.year)
        put_money(sheet, row + 1, column, ceiling, desk.looks("row", "cents"))
        if ceiling is None:
            put_text(sheet, row + 2, column, "", desk.looks("row"))
            continue
        formula = f"ROUND({letter}{row + 1}-{letter}{row + 2},2)"
        put_sum(
            sheet,
            row + 2,
            column,
            formula,
            net[year.year] - ceiling,
            desk.looks("row", "signed_cents"),
        )


# --- the list of findings
# ---------------------------------------------------------------------------------------


def put_findings(desk: Desk, sheet: Worksheet, *, link: Link) -> None:
    """What was found, errors first: where, what stands there, what is odd about it, what to do."""
    page(desk.results, sheet, FINDINGS)
    files = {finding.place.file for finding, _ in desk.findings if finding.place.file}
    head = FINDING_HEAD if len(files) < 2 else (*FINDING_HEAD, ("Datei", 24.0))
    widths = [width for _, width in head]
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)
    sheet.set_row(0, 26)
    put_text(sheet, 0, 0, f"Rückmeldung: {desk.title}", desk.looks("title"))
    subtitle = (
        "Zuerst die Fehler, dann Warnungen und Hinweise. Ein Klick auf die Zelle öffnet Ihre "
        "Datei an dieser Stelle."
    )
    put_text(sheet, 1, 0, subtitle, desk.looks("subtitle"))
    if not desk.findings:
        put_text(
            sheet,
            HEAD_ROW,
            0,
            "✓ Uns ist nichts aufgefallen. Vielen Dank für die sorgfältige Arbeit.",
            desk.looks("good"),
        )
        sheet.set_row(HEAD_ROW, 18)
        return
    put_header(desk.looks, sheet, HEAD_ROW, [title for title, _ in head], widths)
    entries = entries_of(desk)
    for number, (finding, texts) in enumerate(desk.findings, start=1):
        cells = finding_cells(desk, finding, texts, entries)[: len(head)]
        _put_finding(desk, sheet, number, finding, cells=cells, widths=widths, target=link(finding))
    sheet.autofilter(HEAD_ROW, 0, HEAD_ROW + len(desk.findings), len(head) - 1)
    sheet.repeat_rows(HEAD_ROW)
    sheet.freeze_panes(HEAD_ROW + 1, 4)


def finding_cells(
    desk: Desk,
    finding: Finding,
    texts: Mapping[str, Any],
    entries: Mapping[tuple[str, str, str], str],
) -> list[str]:
    """The texts of one finding, in the order of the columns; its number is put by itself."""
    place, severity = finding.place, finding.severity.value
    field = _column(desk, finding)
    entry = entries.get((place.file, place.sheet, place.cell), finding.values.get("wert", ""))
    return [
        "",
        f"{SEVERITY_SYMBOLS[severity]} {labels.SEVERITY[severity]}",
        place.sheet,
        place.cell,
        field.title if field else "",
        entry_text(entry, field),
        text_of(texts["message"]),
        text_of(texts["repair"]),
        state_of(dict(texts)),
        place.file,
    ]


def _put_finding(
    desk: Desk,
    sheet: Worksheet,
    number: int,
    finding: Finding,
    *,
    cells: Sequence[str],
    widths: Sequence[float],
    target: str | None,
) -> None:
    row = HEAD_ROW + number
    sheet.set_row(row, height_of(*zip(cells, widths, strict=True)))
    put_number(sheet, row, 0, number, desk.looks("number", "count"))
    coloured = "row" if finding.waived else SEVERITY_ROLES[finding.severity.value]
    for column, text in enumerate(cells[1:], start=1):
        if column == 3:
            put_source(desk.looks, sheet, row, column, text, target)
        else:
            put_text(
                sheet, row, column, text, desk.looks(coloured if column == 1 else "row", "wrap")
            )


def entries_of(desk: Desk) -> dict[tuple[str, str, str], str]:
    """What stands in the cells of this unit's findings, as stored."""
    places = {
        (finding.place.file, finding.place.sheet, finding.place.cell)
        for finding, _ in desk.findings
    }
    cells = desk.results.tables["cells"]
    mine = cells[cells["file"].isin({file for file, _, _ in places})]
    return {
        (str(row.file), str(row.sheet), str(row.cell)): text_of(row.raw)
        for row in mine[["file", "sheet", "cell", "raw"]].itertuples(index=False)
        if (str(row.file), str(row.sheet), str(row.cell)) in places
    }


def _column(desk: Desk, finding: Finding) -> Column | None:
    """The column a finding speaks of, where it speaks of one of a return."""
    table = desk.results.master.submission_tables.get(finding.place.table)
    if table is None or finding.place.column not in table.names:
        return None
    return table.column(finding.place.column)


def entry_text(raw: str, column: Column | None) -> str:
    """An entry as its writer knows it: an amount is stored as 12000.5 but shown as 12.000,50.

    Text that only looks like a number (1.234) stays as it is, and a long entry is only hinted at:
    the cell itself shows all of it.
    """
    stored = re.fullmatch(r"-?\d+(\.\d{1,2})?", raw)
    if column is not None and column.kind is Kind.MONEY and stored:
        amount = cents_of(Decimal(raw))
        return german(amount, whole=amount % 100 == 0)
    return raw if len(raw) <= 120 else f"{raw[:117]}…"


# --- the amounts
# ------------------------------------------------------------------------------------------------


def put_amounts(desk: Desk, sheet: Worksheet) -> None:
    """The rows behind the sums, each with the cells it was read from."""
    page(desk.results, sheet, AMOUNTS)
    titles = [*(title for title, _ in _AMOUNT_HEAD), *(year.title for year in desk.years)]
    widths = [*(width for _, width in _AMOUNT_HEAD), *([15.0] * len(desk.years))]
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)
    sheet.set_row(0, 26)
    put_text(sheet, 0, 0, f"Beträge: {desk.title}", desk.looks("title"))
    subtitle = (
        "Was wir gelesen haben, Zeile für Zeile. Zeilen von Maßnahmen, die nicht mitzählen, "
        "haben keine Nummer und stehen in keiner Summe."
    )
    put_text(sheet, 1, 0, subtitle, desk.looks("subtitle"))
    put_header(desk.looks, sheet, HEAD_ROW, titles, widths)
    numbers = _numbers(desk)
    for row, record in enumerate(records(desk.rows), start=_FIRST_AMOUNT_ROW):
        counted = record["origin"] != "listed"
        role = "row" if counted else "quiet"
        if counted:
            put_number(
                sheet, row, 0, numbers[str(record["product"])], desk.looks("number", "count")
            )
        else:
            put_text(sheet, row, 0, "", desk.looks("number"))
        texts = [
            *(text_of(record[name]) for name in ("product", "line", "measure")),
            labels.of(labels.KIND, record["kind"]),
            labels.of(labels.ORIGIN, record["origin"]),
            text_of(record["file"]),
            text_of(record["sheet"]),
        ]
        sheet.set_row(row, height_of(*zip([*texts, record["cells"]], widths[1:], strict=False)))
        for column, text in enumerate(texts, start=1):
            put_text(sheet, row, column, text, desk.looks(role, "wrap"))
        link = source_link(desk.results, texts[-2], texts[-1], record["cell"], up=_UP)
        put_source(desk.looks, sheet, row, len(texts) + 1, record["cells"], link)
        for column, year in enumerate(desk.years, start=len(_AMOUNT_HEAD)):
            cents = record[str(year.year)]
            put_money(
                sheet,
                row,
                column,
                int(cents) if text_of(cents) else None,
                desk.looks(role, "cents"),
            )
    sheet.repeat_rows(HEAD_ROW)
    sheet.freeze_panes(_FIRST_AMOUNT_ROW, 2)
