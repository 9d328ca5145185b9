"""The sheet of a table of two columns, ``setting`` and ``value``: one prepared row per setting, its
title beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.excel.layout.live import validation
from pipeline.excel.layout.prefill import RowLayout
from pipeline.excel.layout.sheet_layout import CellLayout, Print, SheetLayout, Shown, TableLayout
from pipeline.excel.layout.table_sheet import HINT_ROW, KEY_ROW, TITLE_ROW, key_mark
from pipeline.excel.reader.reading import column_letters
from pipeline.excel.styles import shown_as
from pipeline.model.tables import Column, Table

_COLUMNS = {"#title": 2, "value": 3, "#help": 4, "setting": 5}
_WIDTHS = {1: 3.0, 2: 36.0, 3: 60.0, 4: 66.0, 5: 22.0}
_FIRST = 6


def settings_sheet(
    *,
    table: Table,
    settings: Sequence[tuple[Column, str]],
    values: Mapping[str, Shown],
    sources: Mapping[str, str],
    heading: str,
    hint: str,
    editable: bool,
) -> SheetLayout:
    """A sheet with a row per setting (its column and its default); ``values`` as they stand in the
    cells.

    ``sources`` gives the defined name of the list behind a setting. In an ``editable`` sheet
    (master) nothing but the key row is locked.
    """
    locked = not editable
    last = _FIRST + len(settings) - 1
    letters = {name: column_letters(number) for name, number in _COLUMNS.items()}
    cells = {
        (TITLE_ROW, 1): CellLayout(value=heading, style="title", locked=locked),
        (HINT_ROW, 1): CellLayout(
            value="→ Hinweise", style="link", link="internal:'Hinweise'!A1", locked=locked
        ),
        (HINT_ROW, 3): CellLayout(value=hint, style="muted", locked=locked),
        (KEY_ROW, 1): CellLayout(value=key_mark(table, _FIRST, last), style="key"),
        **{
            (KEY_ROW, number): CellLayout(value=name, style="key")
            for name, number in _COLUMNS.items()
        },
        **{
            (_FIRST - 1, _COLUMNS[name]): CellLayout(value=title, style="header", locked=locked)
            for name, title in (
                ("#title", table.column("setting").title),
                ("value", table.column("value").title),
                ("#help", "Was bedeutet das?"),
                ("setting", "Kennung"),
            )
        },
    }
    validations = []
    for row, (setting, default) in enumerate(settings, start=_FIRST):
        star = " *" if setting.required else ""
        cells[row, 2] = CellLayout(
            value=f"{setting.title}{star}", style="given:text", locked=locked
        )
        cells[row, 3] = CellLayout(
            value=values.get(setting.name), style=f"input:{shown_as(setting.kind)}", locked=False
        )
        cells[row, 4] = CellLayout(value=_help(setting, default), style="note", locked=locked)
        cells[row, 5] = CellLayout(value=setting.name, style="helper:text", locked=locked)
        validations.append(
            validation(
                setting,
                (row, 3, row, 3),
                f"$C${row}",
                source=sources.get(setting.name, ""),
                strict=not editable,
            )
        )
    return SheetLayout(
        name=table.sheet,
        title=heading,
        table=TableLayout(
            table=table,
            sheet=table.sheet,
            key_row=KEY_ROW,
            header_row=_FIRST - 1,
            first_row=_FIRST,
            last_row=last,
            letters={name: letter for name, letter in letters.items() if not name.startswith("#")},
            helpers={name: letter for name, letter in letters.items() if name.startswith("#")},
            rows=tuple(
                RowLayout(
                    values={"setting": setting.name},
                    locked=frozenset({"setting"}) if locked else frozenset(),
                )
                for setting, _ in settings
            ),
        ),
        cells=cells,
        column_widths=_WIDTHS,
        row_heights={TITLE_ROW: 24},
        hidden_rows=(KEY_ROW,),
        freeze=(_FIRST, 3),
        validations=tuple(validations),
        printing=Print(rows=(_FIRST - 1, _FIRST - 1), scale=72),
        editable=editable,
    )


def _help(setting: Column, default: str) -> str:
    parts = [setting.help] if setting.help else []
    if default:
        parts.append(f"Leer heißt: {default}.")
    return " ".join(parts)
