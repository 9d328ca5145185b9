"""What a cell says, by the kind of its column: a value, empty, or unreadable; never a guess.

Number texts are read only when there is one reading (``intake.md`` 7); otherwise the finding shows
both.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from pipeline.excel.reader.reading import Cell, CellType
from pipeline.model.blocks import State
from pipeline.model.money import german
from pipeline.model.tables import Column, Kind

Fault = tuple[str, Mapping[str, str]]
"""A rule id and the values of its sentence."""


@dataclass(frozen=True, slots=True)
class Value:
    """What became of one cell: its state, the typed content (``None`` unless state is VALUE), what
    is to be said, the stored text.
    """

    state: State
    content: Any = None
    faults: tuple[Fault, ...] = ()
    raw: str = ""


EMPTY = Value(State.EMPTY)

ERROR_NAMES = {
    "#N/A": "#NV",
    "#REF!": "#BEZUG!",
    "#VALUE!": "#WERT!",
    "#NAME?": "#NAME?",
    "#DIV/0!": "#DIV/0!",
    "#NUM!": "#ZAHL!",
    "#NULL!": "#NULL!",
}
"""Error values as a German Excel shows them."""

LARGEST = Decimal(10) ** 13
"""Above ten trillion a number cell no longer holds cents exactly (intake.md 8)."""

_PLACEHOLDERS = frozenset(
    {  # what people write where they have no value
        "-", "–", "—", "--", "---", "?", "??", "x", "n/a", "na", "n.a.", "k.a.", "k. a.",
        "ka", "keine", "keine angabe", "keine angaben", "offen", "noch offen", "folgt",
        "wird nachgereicht", "entfällt", "nn", "n.n.", "n. n.", "tbd", "siehe",
        "siehe anlage", "s. anlage", "s.a.", "unbekannt", "...", "…",
    }
)  # fmt: skip
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad"), None)
_SPACES = dict.fromkeys(map(ord, "\u00a0\u2007\u2009\u202f\u2002\u2003\t"), " ")


def read_value(cell: Cell, column: Column, *, date1904: bool, allowed: Sequence[str] = ()) -> Value:
    """Reads one cell as its column's kind demands.

    ``allowed`` are the keys that a code column may refer to; they only help to suggest what was
    meant.
    """
    faults: list[Fault] = []
    if cell.formula is not None:
        if not cell.cached:
            return _unreadable("D12", variant="uncached", wert=_shown_formula(cell))
        external = re.search(r"\[[^\]]+\]", cell.formula)
        if cell.type is not CellType.ERROR:
            shown = shown_text(cell, date1904=date1904)
            faults.append(
                ("D13", {"ziel": external[0], "wert": shown})
                if external
                else ("D14", {"wert": shown})
            )
    if cell.type is CellType.ERROR:
        return _unreadable("D12", wert=ERROR_NAMES.get(cell.raw, cell.raw))
    reading = _by_kind(cell, column, date1904=date1904, allowed=allowed)
    return Value(reading.state, reading.content, (*faults, *reading.faults))


def shown_text(cell: Cell, *, date1904: bool = False) -> str:
    """The cell's content as a person would name it."""
    match cell.type:
        case CellType.TEXT:
            return cell.raw
        case CellType.ERROR:
            return ERROR_NAMES.get(cell.raw, cell.raw)
        case CellType.BOOLEAN:
            return "WAHR" if cell.raw == "1" else "FALSCH"
        case CellType.DATE:
            return cell.raw
        case CellType.NUMBER:
            if _is_date_format(cell.number_format):
                day = _date_of_serial(Decimal(cell.raw), date1904=date1904)
                return day.strftime("%d.%m.%Y") if day else cell.raw
            if "%" in cell.number_format:
                return german_number(_denoised(Decimal(cell.raw) * 100)) + " %"
            return german_number(_denoised(Decimal(cell.raw)))


def german_number(number: Decimal) -> str:
    """A number with decimal comma and thousands dots, without trailing zeros."""
    text = f"{number.normalize() + 0:,f}"  # without the minus of a negative zero
    return text.replace(",", "\0").replace(".", ",").replace("\0", ".")


_SCALING = re.compile(r"[0#?],+(?=[^0#?,]|$)")
_QUOTED = re.compile(r'"[^"]*"|\\.|[_*].|\[[^\]]*\]', re.DOTALL)


def shows_scaled(cell: Cell) -> bool:
    """Whether the cell's format shows its number in thousands or millions (``#,##0,``)."""
    return cell.type is CellType.NUMBER and bool(
        _SCALING.search(_QUOTED.sub("", cell.number_format.split(";", maxsplit=1)[0]))
    )


def _by_kind(cell: Cell, column: Column, *, date1904: bool, allowed: Sequence[str]) -> Value:
    match column.kind:
        case Kind.MONEY:
            return _money(cell, date1904=date1904)
        case Kind.NUMBER:
            return _number(cell, date1904=date1904)
        case Kind.PERCENT:
            return _percent(cell, date1904=date1904)
        case Kind.INTEGER | Kind.YEAR:
            return _integer(cell, column, date1904=date1904)
        case Kind.MONTH | Kind.DATE:
            return _date(cell, column, date1904=date1904)
        case Kind.YES_NO:
            return _yes_no(cell, column)
        case Kind.CHOICE:
            return _choice(cell, column)
        case Kind.CODE:
            return _code(cell, column, allowed)
        case Kind.TEXT:
            return _text(cell, date1904=date1904)


def _unreadable(rule: str, **values: str) -> Value:
    return Value(State.UNREADABLE, None, ((rule, values),))


def _shown_formula(cell: Cell) -> str:
    return "=" + (cell.formula or "")[:80]


# --- numbers ----------------------------------------------------------------------------------


def _money(cell: Cell, *, date1904: bool) -> Value:
    number = _decimal(cell, date1904=date1904)
    if number.state is not State.VALUE:
        return number
    euro: Decimal = number.content
    if cell.type is CellType.NUMBER and "%" in cell.number_format:
        return _unreadable("Z05", variant="percent", wert=shown_text(cell))
    if abs(euro) >= LARGEST:
        return _unreadable("Z13", wert=german_number(euro), grenze=german_number(LARGEST))
    exact = euro * 100
    whole = exact.quantize(Decimal(1), rounding=ROUND_HALF_UP)
    noise = abs(exact - whole) <= max(Decimal("0.0000001"), abs(exact) * Decimal("1e-13"))
    faults = number.faults
    if not noise:
        faults = (*faults, ("Z07", {"wert": german_number(euro), "gerundet": german(int(whole))}))
    return Value(State.VALUE, int(whole), faults)


def _number(cell: Cell, *, date1904: bool) -> Value:
    number = _decimal(cell, date1904=date1904)
    if number.state is not State.VALUE:
        return number
    value: Decimal = number.content
    if cell.type is CellType.NUMBER and "%" in cell.number_format:
        shown = german_number(_denoised(value * 100))
        return Value(
            State.VALUE,
            _denoised(value * 100),
            (*number.faults, ("Z02", {"wert": f"{shown} %", "zahl": shown})),
        )
    return Value(State.VALUE, _denoised(value), number.faults)


def _percent(cell: Cell, *, date1904: bool) -> Value:
    if cell.type is CellType.TEXT and cell.raw.strip().endswith("%"):
        text = cell.raw.strip().removesuffix("%")
        inner = _decimal_of_text(text)
        number = Value(
            inner.state,
            inner.content,
            (("Z02", {"wert": cell.raw.strip(), "zahl": text.strip()}),)
            if inner.state is State.VALUE
            else inner.faults,
        )
    else:
        number = _number(cell, date1904=date1904)
    if number.state is not State.VALUE:
        return number
    value: Decimal = number.content
    if 0 < abs(value) < 1:
        return _unreadable("Z11", wert=german_number(value))
    exact = value * 100
    whole = exact.quantize(Decimal(1), rounding=ROUND_HALF_UP)
    faults = number.faults
    if abs(exact - whole) > Decimal("0.000001"):
        faults = (*faults, ("Z07", {"wert": german_number(value), "gerundet": german(int(whole))}))
    return Value(State.VALUE, int(whole), faults)


def _integer(cell: Cell, column: Column, *, date1904: bool) -> Value:
    number = _decimal(cell, date1904=date1904)
    if number.state is not State.VALUE:
        return number
    value = _denoised(number.content)
    if value != value.to_integral_value():
        return _unreadable("Z22", wert=german_number(value), spalte=column.title)
    if abs(value) >= LARGEST:
        return _unreadable("Z13", wert=german_number(value), grenze=german_number(LARGEST))
    if column.kind is Kind.YEAR:  # nobody writes a year with a thousands dot
        plain = tuple((rule, {**facts, "zahl": f"{value:f}"}) for rule, facts in number.faults)
        return Value(State.VALUE, int(value), plain)
    return Value(State.VALUE, int(value), number.faults)


def _decimal(cell: Cell, *, date1904: bool) -> Value:
    match cell.type:
        case CellType.NUMBER:
            if _is_date_format(cell.number_format):
                return _date_in_number_cell(cell, date1904=date1904)
            return Value(State.VALUE, Decimal(cell.raw))
        case CellType.DATE:
            return _unreadable("Z04", variant="plain", wert=cell.raw)
        case CellType.BOOLEAN:
            return _unreadable("Z19", wert=shown_text(cell))
        case _:
            return _decimal_of_text(cell.raw)


def _date_in_number_cell(cell: Cell, *, date1904: bool) -> Value:
    day = _date_of_serial(Decimal(cell.raw), date1904=date1904)
    if day is None:
        return _unreadable("Z04", variant="plain", wert=german_number(Decimal(cell.raw)))
    return _unreadable("Z04", wert=day.strftime("%d.%m.%Y"), roh=f"{day.day}.{day.month}")


_GROUPED = re.compile(r"[+-]?\d{1,3}([. ])\d{3}(?:\1\d{3})*,\d+")
_GROUPED_WHOLE = re.compile(r"[+-]?\d{1,3}(?:\.\d{3}){2,}|[+-]?\d{1,3}(?: \d{3})+")
_COMMA = re.compile(r"[+-]?(?:0|[1-9]\d*),\d{1,2}|[+-]?0,\d+|[+-]?[1-9]\d{3,},\d+")
_WHOLE = re.compile(r"[+-]?\d+")
_TWO_READINGS = re.compile(r"([+-]?[1-9]\d{0,2})[.,](\d{3})")
_THOUSANDS = re.compile(
    r"([+-]?[\d.,]+)\s*(t€|teur|tsd\.?|tausend|mio\.?|mrd\.?|k€|t\s?eur|m€)(\s*(€|eur|euro))?",
    re.IGNORECASE,
)
_FACTORS = {
    "m": Decimal(1_000_000),
    "mrd": Decimal(1_000_000_000),
    "t": Decimal(1000),
    "k": Decimal(1000),
}


def _decimal_of_text(raw: str) -> Value:
    """A number text as ``intake.md`` 7 reads it: normalised where there is one reading, else a
    finding.
    """
    text = unicodedata.normalize("NFC", raw).translate(_INVISIBLE).translate(_SPACES).strip()
    if not text:
        return Value(State.EMPTY, None, (("Z20", {"wert": "Leerzeichen"}),)) if raw else EMPTY
    if text.casefold() in _PLACEHOLDERS:
        return _unreadable("Z10", wert=raw.strip())
    if any(ch.isdigit() and ch not in "0123456789" for ch in text) or "\n" in text:
        return _unreadable("Z01", wert=raw.strip())
    thousands = _THOUSANDS.fullmatch(text)
    if thousands:
        return _unreadable("Z05", wert=raw.strip(), zahl=_in_euro(thousands[1], thousands[2]))
    if text.endswith("%"):
        return _unreadable("Z05", variant="percent", wert=raw.strip())
    bare = text.replace("\u2212", "-").removeprefix("'").strip()
    bare = re.sub(r"^(€|EUR|Euro)\s*|\s*(€|EUR|Euro)$", "", bare, flags=re.IGNORECASE)
    bare = re.sub(r",(-{1,2}|–)$", ",00", bare)  # «12.000,-»: the dash stands for no cents
    two = _TWO_READINGS.fullmatch(bare)
    if two:
        return _unreadable(
            "Z03",
            wert=raw.strip(),
            a=german_number(Decimal(two[1] + two[2])),
            b=f"{two[1]},{two[2]}",
        )
    if _GROUPED.fullmatch(bare) or _COMMA.fullmatch(bare):
        number = Decimal(bare.replace(" ", "").replace(".", "").replace(",", "."))
    elif _GROUPED_WHOLE.fullmatch(bare) or _WHOLE.fullmatch(bare):
        number = Decimal(bare.replace(" ", "").replace(".", ""))
    else:
        return _no_number(bare, raw.strip())
    return Value(
        State.VALUE, number, (("Z02", {"wert": raw.strip(), "zahl": german_number(number)}),)
    )


_TURNED_ROUND = re.compile(r"\((?P<a>[\d., ]+)\)|(?P<b>[\d., ]+)-")
_FOREIGN = re.compile(
    r"[+-]?(?:\d+|\d{1,3}(?:[, '’]\d{3})+)\.\d{1,2}|[+-]?\d{1,3}(?:[,'’]\d{3}){2,}"
)
_SCIENTIFIC = re.compile(r"[+-]?\d+(?:[.,]\d+)?[eE][+-]?\d{1,2}")


def _no_number(bare: str, raw: str) -> Value:
    """A text that is no German number: with what it may mean, where that can be told."""
    around = _TURNED_ROUND.fullmatch(bare)
    inner = _decimal_of_text((around["a"] or around["b"]).strip()) if around else EMPTY
    if inner.state is State.VALUE:  # brackets, or a minus behind: a loss, or only a habit?
        shown = german_number(inner.content)
        return _unreadable("Z03", variant="sign", wert=raw, a=f"-{shown}", b=shown)
    meant = None
    if _FOREIGN.fullmatch(bare):
        meant = Decimal(re.sub(r"[, '’]", "", bare))
    elif _SCIENTIFIC.fullmatch(bare):
        meant = Decimal(bare.replace(",", "."))
    if meant is None:
        return _unreadable("Z01", wert=raw)
    return _unreadable("Z01", variant="meant", wert=raw, vorschlag=german_number(meant))


def _in_euro(digits: str, suffix: str) -> str:
    """The amounts in euro that a text in thousands or millions may mean, for the sentence only: in
    its unit, or with a unit that slipped in; «1.234» has two readings of its own.
    """
    two = _TWO_READINGS.fullmatch(digits)
    if two:
        numbers = [Decimal(two[1] + two[2]), Decimal(f"{two[1]}.{two[2]}")]
    elif re.fullmatch(r"[+-]?(?:\d+|\d{1,3}(?:\.\d{3})+)(?:,\d+)?", digits):
        numbers = [Decimal(digits.replace(".", "").replace(",", "."))]
    else:
        return "1.000-mal so viel"
    key = "mrd" if suffix.casefold().startswith("mrd") else suffix[0].casefold()
    found = [number * _FACTORS[key] for number in numbers] + numbers[:1]
    return " oder ".join(dict.fromkeys(german_number(number) for number in found))


def _denoised(number: Decimal) -> Decimal:
    """Without the noise of binary floating point: 15 significant digits are what a spreadsheet cell
    holds.
    """
    rounded = Context(prec=15).plus(number)
    plain = rounded.normalize()
    return (
        plain.quantize(Decimal(1)) if plain == plain.to_integral_value() else plain
    )  # 380, not 3.8E+2


# --- dates ------------------------------------------------------------------------------------

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "januar jan jänner",
            "februar feb",
            "märz mrz mär",
            "april apr",
            "mai",
            "juni jun",
            "juli jul",
            "august aug",
            "september sep sept",
            "oktober okt",
            "november nov",
            "dezember dez",
        ),
        start=1,
    )
    for name in names.split()
}


def _date(cell: Cell, column: Column, *, date1904: bool) -> Value:
    day: date | None = None
    faults: tuple[Fault, ...] = ()
    match cell.type:
        case CellType.NUMBER:
            day = _date_of_serial(Decimal(cell.raw), date1904=date1904)
            if not _is_date_format(cell.number_format) and (
                day is None or not 1990 <= day.year <= 2150
            ):
                day = None
        case CellType.DATE:
            day = _iso(cell.raw)
        case CellType.TEXT:
            text = cell.raw.translate(_INVISIBLE).translate(_SPACES).strip()
            if not text:
                return EMPTY
            day = _date_of_text(text, month=column.kind is Kind.MONTH)
        case _:
            pass
    if day is None:
        return _unreadable("Z18", wert=shown_text(cell, date1904=date1904), spalte=column.title)
    shown = day.strftime("%Y-%m") if column.kind is Kind.MONTH else day.isoformat()
    return Value(State.VALUE, shown, faults)


def _iso(text: str) -> date | None:
    try:
        return datetime.fromisoformat(text.replace("Z", "")).date()
    except ValueError:
        return None  # not a date: the caller names the cell


def _date_of_text(text: str, *, month: bool) -> date | None:
    patterns = [
        r"(?P<d>\d{1,2})\.\s?(?P<m>\d{1,2})\.\s?(?P<y>\d{4})",
        r"(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})(?:[T ][\d:.]+)?",
    ]
    if month:
        patterns += [
            r"(?P<m>\d{1,2})\s?[./]\s?(?P<y>\d{4})",
            r"(?P<y>\d{4})-(?P<m>\d{2})",
            r"(?P<n>[A-Za-zä]+)\.? (?P<y>\d{4})",
        ]
    for pattern in patterns:
        found = re.fullmatch(pattern, text)
        if not found:
            continue
        parts = found.groupdict()
        number = _MONTHS.get(parts["n"].casefold(), 0) if "n" in parts else int(parts["m"])
        try:
            return date(int(parts["y"]), number, int(parts.get("d") or 1))
        except ValueError:
            return None  # 31.02. is not a date: the caller names the cell
    return None


def _date_of_serial(serial: Decimal, *, date1904: bool) -> date | None:
    """The day of a serial number; serial 60 (the 29 February 1900 that never was) and nonsense give
    ``None``.
    """
    whole = int(serial)
    if date1904:
        return date(1904, 1, 1) + timedelta(days=whole) if 0 <= whole < 2_900_000 else None
    if not 1 <= whole < 2_958_466 or whole == 60:
        return None
    return date(1899, 12, 31 if whole < 60 else 30) + timedelta(days=whole)


def _is_date_format(code: str) -> bool:
    """Whether a number format shows a date or time: a letter d, m, y or h outside quotes, brackets
    and escapes.
    """
    bare = re.sub(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]', "", code.split(";", maxsplit=1)[0])
    return bool(re.search(r"[dmyhDMYHjJtT]", bare)) and bare.casefold() not in {
        "general",
        "standard",
    }


# --- texts ------------------------------------------------------------------------------------


def _yes_no(cell: Cell, column: Column) -> Value:
    if cell.type is CellType.BOOLEAN:
        return Value(State.VALUE, cell.raw == "1")
    word = _folded(shown_text(cell))
    if not word:
        return EMPTY
    if word in {"ja", "nein"}:
        return Value(State.VALUE, word == "ja")
    return _unreadable("Z15", wert=shown_text(cell), spalte=column.title, vorschlag="ja oder nein")


def _choice(cell: Cell, column: Column) -> Value:
    text = shown_text(cell).strip()
    if not text:
        return EMPTY
    for choice in column.choices:
        if text == choice.label:
            return Value(State.VALUE, choice.code)
    for choice in column.choices:
        if _folded(text) in {_folded(choice.label), choice.code}:
            note: Fault = ("Z17", {"wert": text, "gelesen": choice.label})
            return Value(State.VALUE, choice.code, (note,))
    labels = ", ".join(choice.label for choice in column.choices)
    return _unreadable("Z15", wert=text, spalte=column.title, vorschlag=labels)


def _folded(text: str) -> str:
    """For comparing list entries: blanks, letter case, kinds of minus and invisible characters do
    not count.
    """
    plain = unicodedata.normalize("NFC", text).translate(_INVISIBLE).translate(_SPACES)
    return " ".join(plain.replace("\u2212", "-").replace("–", "-").split()).casefold()


def _code(cell: Cell, column: Column, allowed: Sequence[str]) -> Value:
    match cell.type:
        case CellType.TEXT:
            plain = (
                unicodedata.normalize("NFC", cell.raw)
                .translate(_INVISIBLE)
                .translate(_SPACES)
                .strip()
            )
            if not plain:
                return EMPTY
            faults: tuple[Fault, ...] = (
                (("Z20", {"wert": plain}),) if plain != cell.raw.strip(" ") else ()
            )
            return Value(State.VALUE, plain, faults)
        case CellType.NUMBER if not _is_date_format(cell.number_format):
            return _code_of_number(cell, column, allowed)
        case _:
            return _unreadable("Z23", variant="plain", wert=shown_text(cell))


def _code_of_number(cell: Cell, column: Column, allowed: Sequence[str]) -> Value:
    """A code that became a number: right only where its digits are exactly a known code (or any
    whole number, where the column itself defines the codes); otherwise zeros may be lost, and the
    finding offers the one code that fits.
    """
    number = _denoised(Decimal(cell.raw))
    digits = f"{number:f}"
    if digits in allowed or (not column.references and number == number.to_integral_value()):
        return Value(State.VALUE, digits)
    bare = digits.replace(".", "")
    fits = [
        code
        for code in allowed
        if _as_number(code) == number or code.replace(".", "").lstrip("0") == bare
    ]
    rule = "S04" if column.references == "products" else "Z23"
    shown = digits.replace(".", ",")
    if not fits:
        return _unreadable(rule, variant="plain", wert=shown)
    return _unreadable(rule, wert=shown, vorschlag=" oder ".join(fits[:3]))


def _as_number(code: str) -> Decimal | None:
    return Decimal(code) if re.fullmatch(r"\d+(\.\d+)?", code) else None


def _text(cell: Cell, *, date1904: bool) -> Value:
    raw = shown_text(cell, date1904=date1904)
    if (
        cell.type is CellType.NUMBER
        and not _is_date_format(cell.number_format)
        and "%" not in cell.number_format
    ):
        raw = f"{_denoised(Decimal(cell.raw)):f}".replace(
            ".", ","
        )  # digits as typed: 2027, never 2.027
    plain = "".join(
        ch
        for ch in unicodedata.normalize("NFC", raw)
        if ch in "\n\t" or unicodedata.category(ch) not in {"Cc", "Cs"}
    )
    plain = plain.translate(_INVISIBLE).replace("\t", " ").strip()
    if not plain:
        return EMPTY
    lost = len(plain) != len(unicodedata.normalize("NFC", raw).strip())
    faults: tuple[Fault, ...] = (("Z20", {"wert": plain[:80]}),) if lost else ()
    return Value(State.VALUE, plain, faults)
