"""The results as a Frictionless tabular data package: CSV files that a spreadsheet opens without
running anything.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.model.results import Results
from pipeline.tables.results import RESULT_TABLES

_APOSTROPHE = r"^'(?=[=+\-@\t\r])"
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
_TEXT_TITLES = {
    "goals": "Ziele, die gelten",
    "measures": "Maßnahmen der gezählten Rückläufe",
    "products": "Produkte und ihre Texte",
    "units": "Organisationseinheiten",
}


def data_package(results: Results) -> Mapping[str, bytes]:
    """The files of the folder ``Daten``: one CSV per table (UTF-8, comma, header row) and
    ``datapackage.json``.

    Money is integer cents; text that begins with ``= + - @``, tab or carriage return gets a leading
    apostrophe, so that no spreadsheet takes a department's text for a formula (CWE-1236).
    """
    files: dict[str, bytes] = {}
    resources = []
    for table in RESULT_TABLES:
        frame = results.tables[table.name]
        files[f"{table.name}.csv"] = as_csv(frame[list(table.names)])
        resources.append(_resource(table.name, table.title, table.columns))
    for name, title in _TEXT_TITLES.items():
        frame = results.texts[name]
        files[f"{name}.csv"] = as_csv(frame)
        resources.append(
            _resource(
                name, title, tuple((column, _type(frame[column])) for column in frame.columns)
            )
        )
    package = {
        "profile": "tabular-data-package",
        "name": f"haushalt-{results.city}-{results.plan}".casefold(),
        "title": f"{results.master.settings.city}, Plan {results.plan}: Daten des Haushaltsplans",
        "resources": sorted(resources, key=lambda each: str(each["name"])),
    }
    files["datapackage.json"] = (json.dumps(package, ensure_ascii=False, indent=2) + "\n").encode()
    return files


def as_csv(frame: pd.DataFrame) -> bytes:
    """A frame as CSV: missing values empty, booleans true/false, decimals with a point."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(frame.columns)
    writer.writerows(zip(*(_texts(frame[column]) for column in frame.columns), strict=True))
    return buffer.getvalue().encode("utf-8", errors="backslashreplace")


def _texts(column: pd.Series[Any]) -> list[str]:
    """A column as CSV shows it. Most texts repeat (file, sheet, table …): each is made once."""
    if column.dtype == "object":  # equal decimals may be written with other numbers of places
        return [_plain(value) for value in column]
    codes, distinct = pd.factorize(column)
    is_text = column.dtype == "string"
    shown = [_safe(_plain(value)) if is_text else _plain(value) for value in distinct]
    shown.append("")  # the code of a missing value is -1
    return [shown[code] for code in codes]


def _plain(value: object) -> str:
    if value is None or value is pd.NA or value != value:  # noqa: PLR0124 - only NaN differs from itself
        return ""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value)


def _safe(text: str) -> str:
    # A null character ends a text for many readers of CSV; everything behind it would be lost.
    shown = text.replace("\0", "\u2400")
    return f"'{shown}" if shown.startswith(_DANGEROUS) else shown


def read_csv(path: Path) -> pd.DataFrame:
    """A table of the data package as text, without the apostrophes that :func:`as_csv` put before
    dangerous texts.
    """
    frame = pd.read_csv(path, dtype="string", keep_default_na=False)
    plain = {name: frame[name].str.replace(_APOSTROPHE, "", regex=True) for name in frame.columns}
    return pd.DataFrame(plain, index=frame.index)


def _type(column: pd.Series[Any]) -> str:
    return {"Int64": "integer", "boolean": "boolean", "object": "number"}.get(
        str(column.dtype), "string"
    )


def _resource(name: str, title: str, columns: tuple[tuple[str, str], ...]) -> dict[str, object]:
    return {
        "profile": "tabular-data-resource",
        "name": name.replace("_", "-"),
        "title": title,
        "path": f"{name}.csv",
        "encoding": "utf-8",
        "dialect": {"delimiter": ",", "header": True},
        "schema": {"fields": [{"name": column, "type": kind} for column, kind in columns]},
    }
