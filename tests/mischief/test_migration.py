"""A return on a template that was handed out before the declaration changed: read by its keys, with
a report of what is called or stands otherwise today.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.styles.protection import Protection
from openpyxl.utils import column_index_from_string

from pipeline.model.master import Master
from pipeline.model.messages import sentence
from pipeline.model.tables import Column, Kind, Role, Table, Year
from tests.mischief.deeds import meta, property_of, with_columns
from tests.mischief.desk import Desk

N12 = 87_000_000
"""The amount of the good return in Ansätze!N12, in cents."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """How the declaration differed when the template was handed out: ``book`` makes the template
    of that time of today's, ``tables`` is what today's declaration says about it.
    """

    name: str
    book: Callable[[Workbook], object]
    tables: Callable[[Table], Table] = lambda table: table
    said: tuple[tuple[str, str], ...] = ()
    words: str = ""
    at: str = "N12"
    counted: int | None = N12


def key_renamed(book: Workbook, sheet: str, letter: str, name: str) -> None:
    book[sheet][f"{letter}3"] = name


def named_before(table: str, column: str, *names: str) -> Callable[[Table], Table]:
    """Today's declaration of a column that had other names before."""

    def changed(each: Table) -> Table:
        return replace(
            each,
            columns=tuple(
                replace(one, renamed_from=names) if each.name == table and one.stem == column else one
                for one in each.columns
            ),
        )  # fmt: skip

    return changed


def every_amount_called(name: str) -> Callable[[Workbook], None]:
    def deed(book: Workbook) -> None:
        for cell in book["Ansätze"][3]:
            if str(cell.value).startswith("amount_"):
                cell.value = str(cell.value).replace("amount", name)

    return deed


def moved(letter: str, to: str) -> Callable[[Workbook], None]:
    def deed(book: Workbook) -> None:
        order: list[int | None] = list(range(19))
        a, b = column_index_from_string(letter) - 1, column_index_from_string(to) - 1
        order[a], order[b] = order[b], order[a]
        with_columns(book["Ansätze"], order)

    return deed


def the_table_called(name: str) -> Callable[[Workbook], None]:
    def deed(book: Workbook) -> None:
        book["Ansätze"]["A3"] = str(book["Ansätze"]["A3"].value).replace("costs", name)
        book["Ansätze"].title = "Beträge"

    return deed


def a_column_more(table: Table) -> Table:
    """Today's declaration asks for something that the template did not have."""
    new = Column(name="reason", title="Grund", kind=Kind.TEXT, required=False)
    return replace(table, columns=(*table.columns, new)) if table.name == "costs" else table


def a_column_less(book: Workbook) -> None:
    """The template had a column that is gone today, and somebody wrote into it."""
    with_columns(book["Ansätze"], [*range(5), None, *range(5, 19)])
    book["Ansätze"]["F3"], book["Ansätze"]["F11"] = "cost_centre", "Kostenstelle"
    book["Ansätze"]["F12"] = "4711"
    book["Ansätze"]["F12"].protection = Protection(locked=False)


CHANGES = (
    Change(
        name="a column had another name",
        book=lambda book: key_renamed(book, "Ansätze", "J", "method"),
        tables=named_before("costs", "continuation", "method"),
        said=(("D39", "Ansätze!J11"),),
        words="„Fortschreibung“ trug in der Fassung dieser Vorlage noch den Schlüssel „method“",
    ),
    Change(
        name="a column had two other names, one after the other",
        book=lambda book: key_renamed(book, "Ansätze", "J", "update"),
        tables=named_before("costs", "continuation", "method", "update"),
        said=(("D39", "Ansätze!J11"),),
    ),
    Change(
        name="the columns of all years had another name",
        book=every_amount_called("sum"),
        tables=named_before("costs", "amount", "sum"),
        said=tuple(("D39", f"Ansätze!{letter}11") for letter in "LMNOPQ"),
        words="„Ansatz 2027“ trug in der Fassung dieser Vorlage noch den Schlüssel „sum_2027“",
    ),
    Change(
        name="two columns stood the other way round",
        book=moved("N", "O"),
        said=(("D39", "Ansätze!N11"), ("D39", "Ansätze!O11")),
        words="steht in dieser Fassung der Vorlage in O statt in N",
        at="O12",
    ),
    Change(
        name="a table and its sheet had another name",
        book=the_table_called("budget"),
        tables=lambda table: replace(table, renamed_from=("budget",)) if table.name == "costs" else table,
        said=(("D09", "Beträge"),),
    ),
    Change(
        name="a column did not exist yet",
        book=lambda _book: None,
        tables=a_column_more,
        said=(("D39", "Ansätze"),),
        words="„Grund“ gab es in der Fassung dieser Vorlage noch nicht; sie gilt als leer",
    ),
    Change(
        name="a column is gone today",
        book=a_column_less,
        said=(("D11", "Ansätze!F11"),),
        words="gibt es die zusätzliche Spalte F; sie wird nicht ausgewertet",
        at="O12",
    ),
    Change(
        name="a column was renamed and nobody wrote down how",
        book=lambda book: key_renamed(book, "Ansätze", "N", "sum_2027"),
        said=(("D10", "Ansätze!N11"),),
        counted=None,
    ),
)  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda each: each.name)
def test_an_older_template_is_read_by_its_keys(change: Change, small_desk: Desk) -> None:
    book = load_workbook(io.BytesIO(small_desk.good))
    change.book(book)
    meta(book, fingerprint="0" * 64)
    property_of(book, fingerprint="0" * 64)
    data = io.BytesIO()
    book.save(data)
    master: Master = replace(
        small_desk.master, submission=tuple(map(change.tables, small_desk.master.submission))
    )
    desk = replace(small_desk, master=master)

    _, submission = desk.read(data.getvalue())

    said = [each for each in submission.findings if each.rule != "D04"]
    assert sorted({(e.rule, f"{e.place.sheet}!{e.place.cell}".rstrip("!")) for e in said}) == sorted(change.said)  # fmt: skip
    assert [each.rule for each in submission.findings].count("D04") == 1
    assert change.words in " ".join(sentence(each)[0] for each in said)
    assert {each.severity.value for each in said if each.rule == "D39"} <= {"note"}
    block = submission.blocks["costs"]
    amount = block.frame["amount_2027"].iloc[0]
    assert (None if change.counted is None else int(amount)) == change.counted
    if change.counted:
        assert block.letters["amount_2027"] == change.at[0]
    assert set(submission.cells["use"]) <= {"booked", "template", "named"}


def test_a_former_name_carries_the_year_of_its_column() -> None:
    column = Column(name="amount", title="Betrag", kind=Kind.MONEY, renamed_from=("sum",))
    assert column.former_names == ("sum",)
    year = Year(year=2027, role=Role.BUDGET, title="", entered=True)
    assert replace(column, name="amount_2027", year=year).former_names == ("sum_2027",)
