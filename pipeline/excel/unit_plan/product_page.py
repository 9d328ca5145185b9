"""The product page (Produktblatt): one product on one or two sheets of paper, as a council reads
it.

Order of the sections: domain 12 (head, description, particulars, goals, key figures, Ergebnisplan,
investments, measures, explanations).
"""

from __future__ import annotations

from typing import Final

from xlsxwriter.worksheet import Worksheet

from pipeline.excel.budget_plan.sheets import text_of
from pipeline.excel.unit_plan.desk import OF_PRODUCT, OVERVIEW, Desk
from pipeline.excel.unit_plan.goals import goal_section
from pipeline.excel.unit_plan.grouping import Record
from pipeline.excel.unit_plan.key_figures import key_figure_sections
from pipeline.excel.unit_plan.lines import FINANCE, INCOME, LineTable
from pipeline.excel.unit_plan.measures import measure_sections
from pipeline.excel.unit_plan.paper import Paper, Row, Section
from pipeline.excel.unit_plan.statements import commitment_section, savings_section
from pipeline.excel.workbook import put_link, put_text

_TEXTS: Final = (
    ("description", "Kurzbeschreibung"),
    ("audience", "Zielgruppe"),
    ("legal_basis", "Auftragsgrundlage"),
    ("particulars", "Besonderheiten im Planjahr"),
)
_BANNER: Final = (30.0, 18.0)


def write_product_page(desk: Desk, sheet: Worksheet, product: str) -> LineTable:
    """Writes the page of one product; gives its lines, for the sums of the overview."""
    title = desk.master.titles["products"].get(product, "")
    desk.set_up(sheet, f"Teilplan {desk.unit} – Produkt {product}")
    paper = desk.paper(sheet)
    put_banner(
        desk, paper, f"Produkt {product} {title}", f"Federführung: {desk.unit_title(desk.unit)}"
    )
    table = LineTable(
        desk=desk,
        paper=paper,
        column=OF_PRODUCT,
        key=lambda line: f"P{desk.product_numbers[product]}-Z{line}",
    )
    paper.add(_head(desk, paper, product))
    paper.add(goal_section(desk, paper, product))
    for section in key_figure_sections(desk, paper, product):
        paper.add(section)
    nothing = "Für dieses Produkt sind keine Erträge und Aufwendungen geplant."
    paper.add(table.section(INCOME, empty=nothing))
    paper.add(table.section(FINANCE, empty="Für dieses Produkt sind keine Investitionen geplant."))
    for section in (
        commitment_section(desk, paper, product),
        *measure_sections(desk, paper, product),
        savings_section(desk, paper, product),
        _explanations(desk, paper, product),
    ):
        if section.rows:
            paper.add(section)
    paper.finish()
    return table


def put_banner(desk: Desk, paper: Paper, title: str, below: str) -> None:
    """The coloured title, repeated on every page of the sheet; the way back stands beside it, out
    of print.
    """
    sheet, texts = paper.sheet, (title, below)
    for row, (height, role) in enumerate(zip(_BANNER, ("banner_heading", "banner"), strict=True)):
        sheet.set_row(row, height)
        for column in range(paper.last + 1):
            put_text(
                sheet, row, column, texts[row] if column == 0 else "", desk.looks(role, "text")
            )
    put_link(
        sheet, 0, paper.key_column, f"internal:'{OVERVIEW}'!A1", "← Überblick", desk.looks("link")
    )
    put_text(sheet, 1, paper.key_column, "Schlüssel", desk.looks("key"))
    put_text(sheet, 1, paper.key_column + 1, "Quelle", desk.looks("key"))
    sheet.repeat_rows(0, 2)
    sheet.freeze_panes(2, 2)
    sheet.set_row(2, 6)
    paper.top, paper.repeated = 3, sum(_BANNER) + 6


def _head(desk: Desk, paper: Paper, product: str) -> Section:
    master, texts = desk.master, desk.plans.texts.get(product, {})
    rows: list[Row] = []
    for text in _warnings(desk, product):
        rows += paper.wide(text, "watch")
    if rows:
        rows.append(paper.gap(5))
    areas = " · ".join(
        f"{word} {text_of(texts.get(name))}"
        if text_of(texts.get(name)).replace(".", "").isdigit()
        else text_of(texts.get(name))
        for word, name in (("Produktbereich", "area"), ("Produktgruppe", "group"))
        if text_of(texts.get(name))
    )
    task = text_of(texts.get("task_type"))
    if texts.get("key_product") is True:
        task = f"{task or 'ohne Angabe'} · wesentliches Produkt"
    units = [each for each in master.units_of_product.get(product, ()) if each != desk.unit]
    facts = (
        ("Einordnung", areas),
        ("Verantwortlich", desk.head_of(desk.unit)),
        ("Beteiligt", ", ".join(desk.unit_title(unit) for unit in units)),
        ("Aufgabenart", task),
    )
    for label, text in facts:
        if text:
            rows += paper.labelled(label, text)
    counted = desk.unit in desk.plans.counted_units
    missing = "– keine Angabe" if counted else "– liegt noch nicht vor"
    for name, label in _TEXTS:
        rows += paper.labelled(label, text_of(texts.get(name)).strip() or missing)
    return Section(rows=[*rows, paper.gap()])


def _warnings(desk: Desk, product: str) -> list[str]:
    """What stands in for a return, or is missing, in the figures of this product."""
    booked = desk.plans.by_product.get(product, ())
    entered = {n for n, year in enumerate(desk.plans.years) if year.entered}
    standing_in = sorted(
        {
            row.unit
            for row in booked
            if row.origin == "stand_in" and any(row.cents[n] is not None for n in entered)
        }
    )
    found = [
        f"▲ Ersatzwerte: Für {desk.unit_title(unit)} steht {desk.stand_in_of(unit)}; "
        "einen gültigen Rücklauf gibt es noch nicht."
        for unit in standing_in
    ]
    planning = {*desk.master.units_of_product.get(product, ()), *(row.unit for row in booked)}
    for unit in sorted(planning - {*standing_in}):
        found += [f"▲ Vorläufig: {point}" for point in desk.results.points_of.get(unit, ())]
    return found


def _explanations(desk: Desk, paper: Paper, product: str) -> Section:
    """What departments wrote beside the amounts, with the way to the cell."""
    rows: list[Row] = [paper.heading("Erläuterungen")]
    order = desk.plans.line_numbers
    remarks = sorted(
        desk.plans.remarks.get(product, ()),
        key=lambda each: (order.get(text_of(each["line"]), 0), text_of(each["file"])),
    )
    for record in remarks:
        rows += _explanation(desk, paper, record)
    if not remarks:
        return Section(rows=())
    return Section(rows=[*rows, paper.gap()])


def _explanation(desk: Desk, paper: Paper, record: Record) -> list[Row]:
    line, unit = text_of(record["line"]), text_of(record["unit"])
    about = [desk.master.titles["lines"].get(line, "")]
    about += [text_of(record[name]) for name in ("measure", "position") if text_of(record[name])]
    if unit != desk.unit:
        about.append(f"geplant von {unit}")
    text = text_of(record["remark"]).strip()
    rows = paper.wide(
        f"{' · '.join(about)}: {text}" if about else text,
        first=1,
        source=desk.source_beside(paper, record),
    )
    beside = rows[0].put

    def put(at: int) -> None:
        put_text(paper.sheet, at, 0, line, paper.looks("plain", "text"))
        beside(at)

    rows[0].put = put
    return rows
