"""A tree with amounts as a printed outline: leaves look up the sheet Daten, every other row adds
up the rows below it.

Goals, investments, organisation and products are the same thing seen from different sides; this
module places rows and columns, writes the formulas and computes, in whole cents, the value each
of them has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from pipeline.excel.budget_plan import labels
from pipeline.excel.budget_plan.ledger import Ledger
from pipeline.excel.budget_plan.looks import height_of, indented
from pipeline.excel.budget_plan.ranges import look_up
from pipeline.excel.budget_plan.sheets import Plan, percent_of, put_sum
from pipeline.excel.workbook import put_formula, put_number, put_text
from pipeline.model.hierarchy import Hierarchy
from pipeline.model.money import WHOLE, german, round_half_up
from pipeline.model.tables import Year

_MOST_ARGUMENTS = 200  # Excel allows 255
_DEEPEST = 7  # outline levels that Excel knows
_SHARE_WIDTH = 8.5
_LEAST_WIDTH = 12.0  # the word Zuschussbedarf in a header


DIRECT: Final = "\0direct:"
"""Begins the key of a row that shows what is booked on a node itself; no code of a city begins
like this.
"""


@dataclass(frozen=True, kw_only=True)
class Branch:
    """One row. A leaf names the code whose running ``number`` it looks up; other rows add up
    ``children`` (positions of rows).

    ``key`` tells rows apart, ``code`` is what is printed. ``role`` is ``node``, ``direct``,
    ``subtotal`` or ``total``. Without ``money`` the row carries no amounts at all.
    """

    key: str
    code: str
    title: str
    depth: int = 0
    booked: str = ""
    number: int | None = None
    children: tuple[int, ...] = ()
    role: str = "node"
    money: bool = True


@dataclass(frozen=True, kw_only=True)
class Amount:
    """A column of one kind and year: leaves look it up, other rows add up. ``hidden`` columns are
    grouped and folded.
    """

    name: str
    title: str
    kind: str
    year: int
    hidden: bool = False


@dataclass(frozen=True, kw_only=True)
class Balance:
    """A column that is one column minus another at the leaves and adds up above them."""

    name: str
    title: str
    plus: str
    minus: str


@dataclass(frozen=True, kw_only=True)
class Change:
    """A column that is one column minus another in every row."""

    name: str
    title: str
    now: str
    before: str


@dataclass(frozen=True, kw_only=True)
class Share:
    """A column that says how much of the row ``whole`` a row is; rows listed in ``without`` have
    none.
    """

    name: str
    title: str
    of: str
    whole: str
    without: frozenset[str] = frozenset()


Column = Amount | Balance | Change | Share


@dataclass(frozen=True, kw_only=True)
class Outline:
    """Where everything stands and what it is worth."""

    sheet: str
    dimension: str
    branches: Sequence[Branch]
    columns: Sequence[Column]
    ledger: Ledger
    first_row: int
    first_column: int
    _known: dict[tuple[int, str], int] = field(default_factory=dict)

    @cached_property
    def positions(self) -> Mapping[str, int]:
        """The position of every row by its key."""
        return {branch.key: position for position, branch in enumerate(self.branches)}

    @cached_property
    def offsets(self) -> Mapping[str, int]:
        """The place of every money column by its name."""
        return {column.name: place for place, column in enumerate(self.columns)}

    def row(self, key: str) -> int:
        """The row (from 0) of a branch."""
        return self.first_row + self.positions[key]

    def letter(self, name: str) -> str:
        """The column letter of a money column."""
        return str(xl_col_to_name(self.first_column + self.offsets[name]))

    def reference(self, key: str, name: str) -> str:
        """A formula reference from another sheet."""
        return f"'{self.sheet}'!{self.letter(name)}{self.row(key) + 1}"

    def cents(self, key: str, name: str) -> int:
        """The amount of a row in a column."""
        return self.value(self.positions[key], name)

    def value(self, position: int, name: str) -> int:
        """The amount of the row at a position; each is computed once."""
        if (position, name) not in self._known:
            self._known[position, name] = self._computed(position, name)
        return self._known[position, name]

    def _computed(self, position: int, name: str) -> int:
        branch = self.branches[position]
        match self.columns[self.offsets[name]]:
            case Change() as column:
                return self.value(position, column.now) - self.value(position, column.before)
            case Share() as column:
                return self.value(position, column.of)
            case Amount() as column if branch.number is not None:
                return self.ledger.sum(self.dimension, branch.booked, column.kind, column.year)
            case Balance() as column if branch.number is not None:
                return self.value(position, column.plus) - self.value(position, column.minus)
            case _:
                return sum(self.value(child, name) for child in branch.children)


def branches_of(
    tree: Hierarchy,
    *,
    ledger: Ledger,
    dimension: str,
    titles: Mapping[str, str],
    nodes: Iterable[str] | None = None,
    without_money: frozenset[str] = frozenset(),
) -> list[Branch]:
    """The rows of a forest in printed order (``nodes`` leaves out whole trees), positions from 0.

    What is booked directly on a node with children becomes a row of its own below it, so that
    every sum is a sum of rows that can be seen.
    """
    wanted = list(tree.order if nodes is None else nodes)
    numbers = ledger.numbers[dimension]
    drafts = []
    for node in wanted:
        depth = tree.depth(node)
        below = tree.children.get(node, ())
        drafts.append(
            Branch(
                key=node,
                code=node,
                title=titles.get(node, ""),
                depth=depth,
                money=node not in without_money,
            )
        )
        if below and ledger.has_rows(dimension, node):
            title = f"{node}: unmittelbar zugeordnet"
            drafts.append(
                Branch(
                    key=f"{DIRECT}{node}",
                    code="",
                    title=title,
                    depth=depth + 1,
                    booked=node,
                    role="direct",
                )
            )
    places = {branch.key: position for position, branch in enumerate(drafts)}
    found = []
    for branch in drafts:
        if branch.role == "direct":
            found.append(replace(branch, number=numbers[branch.booked]))
            continue
        below = tree.children.get(branch.key, ())
        if not below:
            found.append(replace(branch, booked=branch.key, number=numbers.get(branch.key)))
            continue
        parts = (f"{DIRECT}{branch.key}", *below)
        children = tuple(
            places[part] for part in parts if part in places and drafts[places[part]].money
        )
        found.append(replace(branch, children=children))
    return found


def strangers(
    tree: Hierarchy, ledger: Ledger, dimension: str, besides: Iterable[str] = ()
) -> list[Branch]:
    """Leaves for codes that contributions name but the tree does not know: nothing is lost."""
    known = {*tree.parents, *besides}
    return [
        leaf(ledger, dimension, code, "nicht in den Stammdaten")
        for code in ledger.numbers[dimension]
        if code not in known and ledger.has_rows(dimension, code)
    ]


def leaf(
    ledger: Ledger,
    dimension: str,
    code: str,
    title: str,
    *,
    shown: str | None = None,
    depth: int = 0,
) -> Branch:
    """A single row that looks up one code."""
    number = ledger.numbers[dimension][code]
    return Branch(
        key=code,
        code=code if shown is None else shown,
        title=title,
        depth=depth,
        booked=code,
        number=number,
    )


def roots(branches: Sequence[Branch]) -> tuple[int, ...]:
    """The positions that a total adds up: every row with money that no other row adds up."""
    below = {child for branch in branches for child in branch.children}
    return tuple(
        position
        for position, branch in enumerate(branches)
        if position not in below and branch.money and branch.role in {"node", "direct"}
    )


def year_columns(
    years: Sequence[Year], plus: str, minus: str, balance: str, *, open_years: frozenset[int]
) -> list[Column]:
    """For every year the two kinds and their balance; the kinds are folded away except in
    ``open_years``.
    """
    found: list[Column] = []
    for year in years:
        found += [
            Amount(
                name=f"{kind}_{year.year}",
                title=f"{year.title}\n{labels.PLURAL[kind]}",
                kind=kind,
                year=year.year,
                hidden=year.year not in open_years,
            )
            for kind in (minus, plus)
        ]
        found.append(
            Balance(
                name=f"{balance}_{year.year}",
                title=f"{year.title}\n{BALANCES[balance]}",
                plus=f"{plus}_{year.year}",
                minus=f"{minus}_{year.year}",
            )
        )
    return found


NET_COST, INVESTMENT = "net_cost", "investment"
BALANCES: Final[Mapping[str, str]] = {
    NET_COST: "Zuschussbedarf",
    INVESTMENT: "Investitions-\nsaldo",
}
"""Aufwendungen minus Erträge, and Auszahlungen minus Einzahlungen."""


def widths_of(outline: Outline) -> list[float]:
    """The width of every money column: as narrow as the largest amount of its kind allows, so that
    a page need not be printed smaller than it must.
    """
    widest = {
        kind: max(
            (
                len(german(abs(outline.value(position, column.name)), whole=True))
                for column in outline.columns
                if type(column) is kind
                for position in range(len(outline.branches))
            ),
            default=0,
        )
        for kind in {type(column) for column in outline.columns}
    }
    return [
        _SHARE_WIDTH
        if isinstance(column, Share)
        else max(_LEAST_WIDTH, 0.9 * (widest[type(column)] + 1) + 1.1)
        for column in outline.columns
    ]


def fold(sheet: Worksheet, outline: Outline, widths: Sequence[float]) -> None:
    """Groups and hides the columns that only lead to a balance; the plus sign above the balance
    opens them.
    """
    folded = False
    for place, (column, width) in enumerate(zip(outline.columns, widths, strict=True)):
        position = outline.first_column + place
        hidden = isinstance(column, Amount) and column.hidden
        if hidden:
            sheet.set_column(position, position, width, None, {"level": 1, "hidden": True})
        elif folded:
            sheet.set_column(position, position, width, None, {"collapsed": True})
        folded = hidden


def write_outline(
    plan: Plan, sheet: Worksheet, outline: Outline, *, text_columns: Sequence[float]
) -> None:
    """Writes number, code, title and all amounts of every row.

    Columns in front of the amounts: running number, code, title, then what the caller fills in;
    ``text_columns`` are their widths.
    """
    for position, branch in enumerate(outline.branches):
        row = outline.first_row + position
        role = role_of(branch)
        height = height_of(
            # Bold letters take more room.
            ((branch.title, 0.94 * (text_columns[2] - indented(branch.depth)))),
            (branch.code, text_columns[1]),
        )
        level = min(branch.depth, _DEEPEST) if branch.role in {"node", "direct"} else 0
        sheet.set_row(row, height, None, {"level": level} if level else {})
        if branch.number is None:
            put_text(sheet, row, 0, "", plan.looks(role))
        else:
            # Grey and small, but visible: it is the criterion of the row's sums.
            put_number(sheet, row, 0, branch.number, plan.looks("number", "count"))
        put_text(sheet, row, 1, branch.code, plan.looks(role, "wrap"))
        put_text(sheet, row, 2, branch.title, plan.looks(role, "wrap", indent=2 * branch.depth))
        for column in range(3, outline.first_column):
            put_text(sheet, row, column, "", plan.looks(role))
        for money in outline.columns:
            _put_cell(plan, sheet, outline, position, money)


def role_of(branch: Branch) -> str:
    """The look of a row."""
    match branch.role:
        case "direct":
            return "quiet"
        case "subtotal" | "total" as role:
            return role
        case _:
            return ("row0", "row1")[branch.depth] if branch.depth < 2 and branch.children else "row"


def _put_cell(
    plan: Plan, sheet: Worksheet, outline: Outline, position: int, column: Column
) -> None:
    place = outline.first_column + outline.offsets[column.name]
    branch = outline.branches[position]
    row = outline.first_row + position
    role = role_of(branch)
    if not branch.money:
        put_text(sheet, row, place, "–", plan.looks(role, "right"))
        return
    match column:
        case Change():
            now, before = outline.letter(column.now), outline.letter(column.before)
            formula = f"ROUND({now}{row + 1}-{before}{row + 1},2)"
            put_sum(
                sheet,
                row,
                place,
                formula,
                outline.value(position, column.name),
                plan.looks(role, plan.change),
            )
        case Share():
            _put_share(plan, sheet, outline, position, column)
        case Amount() | Balance():
            formula = _formula(outline, position, place, column)
            put_sum(
                sheet,
                row,
                place,
                formula,
                outline.value(position, column.name),
                plan.looks(role, plan.money),
            )


def _formula(outline: Outline, position: int, place: int, column: Amount | Balance) -> str:
    branch = outline.branches[position]
    row = outline.first_row + position + 1
    if branch.number is None:
        return sum_of(
            str(xl_col_to_name(place)), [outline.first_row + child + 1 for child in branch.children]
        )
    match column:
        case Balance():
            return (
                f"ROUND({outline.letter(column.plus)}{row}-{outline.letter(column.minus)}{row},2)"
            )
        case Amount():
            return look_up(
                outline.ledger,
                outline.dimension,
                branch.booked,
                f"$A{row}",
                column.kind,
                column.year,
            )


def sum_of(letter: str, rows: Sequence[int]) -> str:
    """The rounded sum of cells of one column; neighbours are written as a range, as a person
    would.
    """
    return f"ROUND(SUM({cells_of(letter, rows)}),2)" if rows else "ROUND(0,2)"


def cells_of(letter: str, rows: Sequence[int]) -> str:
    """The arguments of a sum over cells of one column: ``D5:D8,D10``; a row named twice counts
    twice.
    """
    runs: list[list[int]] = []
    for row in sorted(rows):
        if runs and row == runs[-1][1] + 1:
            runs[-1][1] = row
        else:
            runs.append([row, row])
    parts = [
        f"{letter}{first}" if first == last else f"{letter}{first}:{letter}{last}"
        for first, last in runs
    ]
    while len(parts) > _MOST_ARGUMENTS:
        groups = [parts[i : i + _MOST_ARGUMENTS] for i in range(0, len(parts), _MOST_ARGUMENTS)]
        parts = [f"SUM({','.join(group)})" for group in groups]
    return ",".join(parts)


def _put_share(
    plan: Plan, sheet: Worksheet, outline: Outline, position: int, column: Share
) -> None:
    place = outline.first_column + outline.offsets[column.name]
    branch = outline.branches[position]
    row = outline.first_row + position
    look = plan.looks(role_of(branch), "percent")
    if branch.key in column.without:
        put_text(sheet, row, place, "", look)
        return
    letter = outline.letter(column.of)
    whole = f"{letter}${outline.row(column.whole) + 1}"
    put_ratio(
        sheet,
        row,
        place,
        f"{letter}{row + 1}",
        whole,
        cents=(outline.value(position, column.of), outline.cents(column.whole, column.of)),
        look=look,
    )


def put_ratio(
    sheet: Worksheet,
    row: int,
    column: int,
    part: str,
    whole: str,
    *,
    cents: tuple[int, int],
    look: Format,
) -> None:
    """A ratio of two cells, rounded to a hundredth of a per cent; a dash where the whole is not
    positive.
    """
    top, bottom = cents
    cached = percent_of(round_half_up(top * WHOLE, bottom)) if bottom > 0 else "–"
    put_formula(sheet, row, column, f'IF({whole}<=0,"–",ROUND({part}/{whole},4))', look, cached)
