"""The commands; the only module that prints.

Results go to standard output, progress and messages to standard error. Exit codes: contract,
«Commands».
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table as Grid
from typer.exceptions import TyperException

from pipeline.workspace import MASTER_FILE, Workspace, cities, is_folder_name, is_plan, plans

if TYPE_CHECKING:
    from pipeline.model.findings import Finding
    from pipeline.model.results import Results
    from pipeline.stages import Unusable

DONE, OPEN, UNUSABLE, DIFFERENT, FAULT = 0, 1, 2, 3, 70
"""Exit codes: done · findings or missing returns · cannot be used · verify found a difference · a
fault of the program.
"""

app = typer.Typer(
    name="zielhaushalt",
    help="Zielorientierter Haushalt: von den Stammdaten über die Rückläufe der Fachämter zum Haushaltsplan.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
_messages = Console(stderr=True, highlight=False)

City = Annotated[
    str, typer.Argument(help="Ordnername der Kommune, zum Beispiel laatzen.", metavar="KOMMUNE")
]
Plan = Annotated[
    str | None,
    typer.Option(
        "--plan", help="Plan, zum Beispiel 2027 oder 2027-nachtrag1; ohne Angabe der neueste."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Ergebnis als JSON ausgeben.")]
Workers = Annotated[
    int,
    typer.Option(
        "--workers", min=1, max=64, help="Wie viele Rückläufe gleichzeitig gelesen werden."
    ),
]


@dataclass(frozen=True, kw_only=True)
class _Common:
    root: Path
    debug: bool


@app.callback()
def _common(
    context: typer.Context,
    root: Annotated[
        Path, typer.Option("--root", help="Ordner mit templates, input und output.")
    ] = Path(),
    debug: Annotated[
        bool,
        typer.Option(
            "--debug", help="Bei einem Programmfehler die technischen Einzelheiten zeigen."
        ),
    ] = False,
) -> None:
    context.obj = _Common(root=root.absolute(), debug=debug)


@app.command()
def templates(
    context: typer.Context,
    city: City,
    plan: Plan = None,
    unit: Annotated[
        list[str] | None, typer.Option("--unit", help="Nur diese Einheit; mehrfach möglich.")
    ] = None,
    rows: Annotated[
        int | None, typer.Option("--rows", min=1, max=5000, help="Vorbereitete Zeilen je Tabelle.")
    ] = None,
    reissue: Annotated[
        bool, typer.Option("--reissue", help="Bereits ausgegebene Vorlagen überschreiben.")
    ] = False,
) -> None:
    """Schreibt für jede Einheit, von der ein Rücklauf erwartet wird, eine vorbelegte Vorlage."""
    from pipeline import stages

    workspace = _workspace(context, city, plan)
    with _Shown() as show:
        written, kept = stages.issue_templates(
            workspace, units=unit or (), rows=rows, reissue=reissue, progress=show
        )
    _say(
        f"{_count(len(written), 'Vorlage', 'Vorlagen')} geschrieben nach templates/{city}/{workspace.plan}."
    )
    if kept:
        names = ", ".join(path.stem for path in kept)
        _say(
            f"Schon ausgegeben und nicht überschrieben: {names}. Mit --reissue werden sie neu geschrieben."
        )


@app.command()
def check(
    context: typer.Context,
    city: City,
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Nur diese Dateien beurteilen.", metavar="[DATEI]..."),
    ] = None,
    plan: Plan = None,
    as_json: AsJson = False,
    workers: Workers = 2,
) -> None:
    """Liest die Rückläufe, nennt die Befunde und schreibt die Rückmeldungen."""
    from pipeline import stages
    from pipeline.outputs import write_receipts

    workspace = _workspace(context, city, plan)
    only = _returns_named(workspace, files or [])
    with _Shown() as show:
        results = stages.evaluate(workspace, workers=workers, only=only, progress=show)
        if not only:
            write_receipts(results, workspace, progress=lambda _: None)
    # A file judged for itself answers for itself: neither the master nor the other units are its
    # business.
    own = [
        each for each in results.findings if not only or each.place.file not in {"", MASTER_FILE}
    ]
    if as_json:
        _print_json({"findings": stages.as_records(stages.findings_table(own))})
    else:
        _show_findings(own)
        _show_register(results, only_files=bool(only))
    raise typer.Exit(OPEN if _open(results, only_files=bool(only)) else DONE)


@app.command()
def status(context: typer.Context, city: City, plan: Plan = None, as_json: AsJson = False) -> None:
    """Zeigt das Register der Rückläufe: erwartet, eingegangen, angenommen, abgelehnt, ersetzt,
    fehlend.
    """
    from pipeline import last_run, stages

    workspace = _workspace(context, city, plan)
    master, _, _ = stages.load_master(workspace)
    files = stages.files_in(workspace.returns) if workspace.returns.is_dir() else []
    register = last_run.status(workspace.output, files, master.expected_units)
    if as_json:
        _print_json({"register": stages.as_records(register)})
    else:
        _show_status(stages.as_records(register), deadline=master.settings.deadline)
    waiting = register["status"].isin(["missing", "rejected", "partial", "substituted", "received"])
    raise typer.Exit(OPEN if waiting.any() else DONE)


@app.command()
def consolidate(
    context: typer.Context,
    city: Annotated[
        str | None, typer.Argument(help="Ordnername der Kommune.", metavar="[KOMMUNE]")
    ] = None,
    plan: Plan = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Alle Kommunen mit ihrem neuesten Plan.")
    ] = False,
    only: Annotated[
        str | None,
        typer.Option("--only", help="plan: ohne Rückmeldungen und Teilpläne.", metavar="plan"),
    ] = None,
    as_json: AsJson = False,
    workers: Workers = 2,
) -> None:
    """Macht alles: Register, Befunde, Rückmeldungen, Haushaltsplan, Daten."""
    from pipeline import stages
    from pipeline.workspace import Busy

    if bool(city) == everything:
        raise stages.Unusable("Bitte entweder eine Kommune nennen oder --all angeben.")
    if only not in {None, "plan"}:
        raise stages.Unusable(f"--only kennt nur „plan“, nicht „{only}“.")
    common: _Common = context.obj
    names = [city] if city else list(cities(common.root))
    if not names:
        raise stages.Unusable(f"Unter templates liegt keine Kommune mit einer {MASTER_FILE}.")
    outcomes, refused = {}, False
    for name in names:
        workspace = _workspace(context, name, plan)
        try:
            with _Shown() as show:
                outcomes[name] = stages.run(
                    workspace, workers=workers, only_plan=only == "plan", progress=show
                )
        except (stages.Unusable, Busy) as reason:
            # With --all one city's master costs no other city its plan.
            _explained(reason, debug=False)
            refused = True
            continue
        if not as_json:
            _summarise(outcomes[name], workspace)
    if as_json:
        _print_json({"plans": [_summary(each) for each in outcomes.values()]})
    if refused:
        raise typer.Exit(UNUSABLE)
    raise typer.Exit(OPEN if any(each.provisional for each in outcomes.values()) else DONE)


@app.command()
def trace(
    context: typer.Context,
    city: City,
    goal: Annotated[str, typer.Argument(help="Ziel-Nr., ohne oder allgemein.", metavar="ZIEL")],
    year: Annotated[int, typer.Argument(help="Jahr.", metavar="JAHR")],
    plan: Plan = None,
    kind: Annotated[
        str | None, typer.Option("--kind", help="revenue, expense, receipt, payment …")
    ] = None,
    unit: Annotated[str | None, typer.Option("--unit")] = None,
    product: Annotated[str | None, typer.Option("--product")] = None,
    line: Annotated[str | None, typer.Option("--line")] = None,
    measure: Annotated[str | None, typer.Option("--measure")] = None,
    as_json: AsJson = False,
) -> None:
    """Zeigt die Zellen hinter dem Betrag eines Ziels, mit einer Summe je Geldart."""
    from pipeline import last_run, stages
    from pipeline.tables.choices import KINDS

    workspace = _workspace(context, city, plan)
    if not (workspace.output / "Daten" / "contributions.csv").is_file():
        raise stages.Unusable(_nothing_yet(workspace))
    goals, years = last_run.goals_and_years(workspace.output)
    if goal not in goals:
        raise stages.Unusable(f"Das Ziel „{goal}“ gibt es in diesem Plan nicht.")
    if year not in years:
        raise stages.Unusable(f"Das Jahr {year} gibt es in diesem Plan nicht.")
    if kind is not None:
        known = {word: each.code for each in KINDS for word in (each.code, each.label.casefold())}
        if kind.casefold() not in known:
            labels = ", ".join(each.label for each in KINDS)
            raise stages.Unusable(f"Die Geldart „{kind}“ gibt es nicht; möglich sind {labels}.")
        kind = known[kind.casefold()]
    wanted = {"kind": kind, "unit": unit, "product": product, "line": line, "measure": measure}
    sums, rows = last_run.trace(
        workspace.output,
        goal,
        year,
        {name: value for name, value in wanted.items() if value is not None},
    )
    if as_json:
        _print_json({"sums": sums, "contributions": stages.as_records(rows)})
    else:
        _show_trace(sums, stages.as_records(rows))


@app.command()
def verify(context: typer.Context, city: City, plan: Plan = None, as_json: AsJson = False) -> None:
    """Rechnet die Ausgaben auf einem zweiten Weg aus den Eingaben nach und vergleicht."""
    from pipeline import stages

    workspace = _workspace(context, city, plan)
    if not (workspace.output / "manifest.json").is_file():
        raise stages.Unusable(_nothing_yet(workspace))
    from pipeline.verification import differences

    found = differences(root=workspace.root, city=city, plan=workspace.plan)
    if as_json:
        _print_json({"differences": stages.as_records(found)})
    elif found.empty:
        _say("✓ Kein Unterschied: Jede Zahl der Ausgaben folgt aus den Eingaben.")
    else:
        _show_grid(
            stages.as_records(found), title=_count(len(found), "Unterschied", "Unterschiede")
        )
    raise typer.Exit(DONE if found.empty else DIFFERENT)


@app.command()
def schema(
    context: typer.Context,
    city: Annotated[
        str | None,
        typer.Argument(
            help="Mit Kommune: mit den Jahren und Listen ihres Plans.", metavar="[KOMMUNE]"
        ),
    ] = None,
    plan: Plan = None,
    as_json: AsJson = False,
) -> None:
    """Zeigt jede Tabelle mit Blatt, Spalten, Arten, Pflichtangaben, Listen und Verweisen."""
    from pipeline import schema as declared

    tables = declared.described()
    if city is not None:
        from pipeline import stages

        master, _, _ = stages.load_master(_workspace(context, city, plan))
        tables = declared.described(master)
    if as_json:
        _print_json({"tables": tables})
        return
    for table in tables:
        grid = Grid(
            title=f"{table['workbook']}: {table['table']} (Blatt {table['sheet']})",
            title_justify="left",
        )
        for heading in ("Name", "Titel", "Art", "Pflicht", "Werte"):
            grid.add_column(heading)
        for column in table["columns"]:
            values = ", ".join(map(str, column["choices"])) or (
                f"→ {column['references']}" if column["references"] else ""
            )
            name = f"{column['name']}_JJJJ" if column["per_year"] else column["name"]
            grid.add_row(
                name, column["title"], column["kind"], "ja" if column["required"] else "", values
            )
        Console().print(grid)


# --- what a person sees -----------------------------------------------------------------------


def _workspace(context: typer.Context, city: str, plan: str | None) -> Workspace:
    from pipeline.stages import Unusable

    common: _Common = context.obj
    if not is_folder_name(city):
        raise Unusable(f"„{city}“ ist kein Ordnername einer Kommune.")
    known = plans(common.root, city)
    if plan is not None and not is_plan(plan):
        raise Unusable(
            f"„{plan}“ ist kein Plan; gemeint ist zum Beispiel 2027, 2027-beschluss oder 2027-nachtrag1."
        )
    if not known:
        there = ", ".join(cities(common.root)) or "keine"
        raise Unusable(
            f"Für „{city}“ gibt es unter templates keinen Plan mit {MASTER_FILE}. Vorhandene Kommunen: {there}."
        )
    if plan is not None and plan not in known:
        raise Unusable(
            f"Für „{city}“ gibt es den Plan {plan} nicht; vorhanden: {', '.join(known)}."
        )
    return Workspace(root=common.root, city=city, plan=plan or known[-1])


def _nothing_yet(workspace: Workspace) -> str:
    city, plan = workspace.city, workspace.plan
    return f"Für {city} ({plan}) gibt es noch keine Ausgaben; bitte zuerst „zielhaushalt consolidate {city}“."


def _returns_named(workspace: Workspace, files: Sequence[Path]) -> list[Path]:
    """Files as the shell gives them, else below the input folder."""
    from pipeline.stages import Unusable

    found = []
    for file in files:
        path = file if file.exists() else workspace.returns / file
        if not path.exists():
            raise Unusable(
                f"Die Datei „{file}“ gibt es weder hier noch im Ordner input/{workspace.city}/{workspace.plan}."
            )
        found.append(path.absolute())
    return found


class _Bar:
    """Progress on standard error; silent where nobody watches."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, Any] = {}

    def __call__(self, what: str, done: int, total: int) -> None:
        if what not in self._tasks:
            self._tasks[what] = self._progress.add_task(what, total=total)
        self._progress.update(self._tasks[what], completed=done, total=total)


class _Shown:
    """A progress display that is put away when its command ends."""

    def __enter__(self) -> _Bar:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        self._shown = Progress(*columns, console=_messages, disable=not _messages.is_terminal)
        self._shown.start()
        return _Bar(self._shown)

    def __exit__(self, *_: object) -> None:
        self._shown.stop()


def _say(text: str) -> None:
    _messages.print(escape(text))


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")


def _count(number: int, one: str, many: str) -> str:
    return f"1 {one}" if number == 1 else f"{number} {many}"


def _show_findings(findings: Sequence[Finding]) -> None:
    from pipeline.model.findings import SEVERITY_LABELS, Severity
    from pipeline.model.messages import sentence

    marks = {
        Severity.ERROR: "[red]✗[/red]",
        Severity.WARNING: "[yellow]![/yellow]",
        Severity.NOTE: "[dim]·[/dim]",
    }
    out = Console(highlight=False, soft_wrap=True)
    for each in findings:
        place = " · ".join(
            part
            for part in (each.place.file or each.unit, each.place.sheet, each.place.cell)
            if part
        )
        message, repair = sentence(each)
        waived = " (genehmigte Ausnahme)" if each.waived else ""
        out.print(
            f"{marks[each.severity]} {SEVERITY_LABELS[each.severity]} {each.rule}{waived}  {escape(place)}"
        )
        out.print(f"    {escape(message)}")
        if each.severity is not Severity.NOTE:
            out.print(f"    [dim]→ {escape(repair)}[/dim]")


_STATUS = {
    "accepted": "angenommen",
    "partial": "teilweise angenommen",
    "rejected": "nicht angenommen",
    "received": "eingegangen, noch nicht geprüft",
    "superseded": "ersetzt",
    "duplicate": "doppelt",
    "foreign": "kein Rücklauf",
    "missing": "fehlt",
    "no_change": "unverändert",
    "substituted": "durch Ersatz vertreten",
}


def _open(results: Results, *, only_files: bool) -> bool:
    """Whether something is rejected or missing; of single files only whether they themselves are
    rejected.
    """
    if not only_files:
        return results.provisional
    register = results.tables["register"]
    return bool(register.loc[register["file"] != "", "status"].isin(["rejected", "partial"]).any())


def _show_register(results: Results, *, only_files: bool = False) -> None:
    register = results.tables["register"]
    if only_files:
        register = register[register["file"] != ""]
    counts = register["status"].value_counts()
    parts = [f"{counts[each]} {label}" for each, label in _STATUS.items() if each in counts]
    _say("Rückläufe: " + ", ".join(parts) + ".")


def _show_status(rows: Sequence[Mapping[str, object]], *, deadline: str) -> None:
    grid = Grid(
        title="Rückläufe"
        + (f", Frist {'.'.join(reversed(deadline.split('-')))}" if deadline else ""),
        title_justify="left",
    )
    for heading in ("Einheit", "Datei", "Revision", "Stand", "Fehler", "Warnungen", "Hinweise"):
        grid.add_column(heading)
    for row in rows:
        cells = [
            row["unit"],
            row["file"],
            row["revision"],
            _STATUS.get(str(row["status"]), row["status"]),
        ]
        cells += [row["errors"], row["warnings"], row["notes"]]
        grid.add_row(*(escape("" if cell is None else str(cell)) for cell in cells))
    Console().print(grid)


def _show_grid(rows: Sequence[Mapping[str, object]], *, title: str) -> None:
    grid = Grid(title=title, title_justify="left")
    for heading in rows[0]:
        grid.add_column(heading)
    for row in rows:
        grid.add_row(*(escape("" if cell is None else str(cell)) for cell in row.values()))
    Console().print(grid)


def _show_trace(sums: Mapping[str, int], rows: Sequence[Mapping[str, object]]) -> None:
    from pipeline.model.money import german
    from pipeline.tables.choices import KINDS, label

    out = Console(highlight=False, soft_wrap=True)
    for row in rows:
        amount = german(int(str(row["cents"])))
        where = f"{row['file']} · {row['sheet']} · {row['cell']}"
        out.print(
            f"{amount:>18}  {escape(where)}  [dim]{escape(str(row['product']))}, Zeile {escape(str(row['line']))}, {escape(str(row['goal']))}[/dim]"
        )
    for kind, cents in sums.items():
        out.print(f"{german(cents):>18}  Summe {label(KINDS, kind)}")


def _summary(results: Results) -> dict[str, object]:
    from pipeline.model.findings import Severity

    return {
        "city": results.city,
        "plan": results.plan,
        "provisional": results.provisional,
        "open_points": list(results.open_points),
        "errors": sum(each.severity is Severity.ERROR for each in results.findings),
        "warnings": sum(each.severity is Severity.WARNING for each in results.findings),
        "notes": sum(each.severity is Severity.NOTE for each in results.findings),
    }


def _summarise(results: Results, workspace: Workspace) -> None:
    from pipeline.model.money import german

    summary = _summary(results)
    aggregates = results.tables["aggregates"]
    year = results.master.settings.budget_year
    figures = results.tables["figures"]
    counted = figures[(figures["year"] == year) & (figures["origin"] != "listed")]
    sums = counted.groupby("kind", observed=True)["cents"].sum()
    need = int(sums.get("expense", 0)) - int(sums.get("revenue", 0))
    balance = "Überschuss" if need < 0 else "Zuschussbedarf"
    state = "vorläufig" if results.provisional else "vollständig"
    _say(f"\n{results.master.settings.city}, Plan {results.plan}: {state}")
    _show_register(results)
    _say(
        f"Befunde: {summary['errors']} Fehler, {_count(int(str(summary['warnings'])), 'Warnung', 'Warnungen')}, "
        f"{_count(int(str(summary['notes'])), 'Hinweis', 'Hinweise')}."
    )
    _say(
        f"{year}: Erträge {german(int(sums.get('revenue', 0)), whole=True)} €, Aufwendungen "
        f"{german(int(sums.get('expense', 0)), whole=True)} €, {balance} {german(abs(need), whole=True)} € "
        f"auf {aggregates['goal'].nunique() - 2} Ziele verteilt."
    )
    for point in results.open_points:
        _say(f"  offen: {point}")
    _say(f"Geschrieben nach output/{workspace.city}/{workspace.plan}.")


def main() -> None:
    """Entry point: runs a command and turns what can go wrong into one sentence and an exit code."""
    words = [
        word for word in sys.argv[1:] if word != "--debug"
    ]  # welcome before and after the command
    debug = len(words) < len(sys.argv) - 1
    try:
        code = app(words, standalone_mode=False)
    except typer.Exit as ended:
        code = ended.exit_code
    except (typer.Abort, KeyboardInterrupt):
        _say("Abgebrochen.")
        code = UNUSABLE
    except TyperException as wrong:
        _say(_misunderstood(wrong))
        code = UNUSABLE
    except Exception as fault:  # noqa: BLE001 - the last line of defence: nobody sees a traceback
        code = _explained(fault, debug=debug)
    sys.exit(code if isinstance(code, int) else DONE)


def _misunderstood(wrong: TyperException) -> str:
    """What was wrong with the words of a command, in German; the library says it in English."""
    help_ = "Hilfe gibt „zielhaushalt --help“ oder „zielhaushalt BEFEHL --help“."
    option = getattr(wrong, "option_name", None)
    parameter = getattr(getattr(wrong, "param", None), "opts", None)
    match type(wrong).__name__:
        case "NoSuchOption":
            return f"Die Option {option} gibt es hier nicht. {help_}"
        case "MissingParameter":
            return f"Es fehlt eine Angabe. {help_}"
        case "BadParameter" if parameter:
            return f"Die Angabe zu {parameter[0]} wurde nicht verstanden. {help_}"
        case "NoArgsIsHelpError":
            return str(wrong)
        case _:
            return f"Den Befehl oder eine seiner Angaben gibt es nicht. {help_}"


def _show_refusal(reason: Unusable) -> None:
    if reason.findings:
        _show_findings(reason.findings)
    _say(reason.message)


def _explained(fault: Exception, *, debug: bool) -> int:
    from pipeline.stages import Unusable
    from pipeline.workspace import Busy, NotWritten

    if isinstance(fault, Unusable):
        _show_refusal(fault)
        return UNUSABLE
    if isinstance(fault, Busy):
        _say(str(fault))
        return UNUSABLE
    if isinstance(fault, NotWritten):
        _say(str(fault))
        return FAULT
    if isinstance(fault, PermissionError):
        _say(
            f"„{Path(fault.filename or '').name}“ lässt sich nicht schreiben. Ist die Datei in Excel geöffnet? Bitte schließen und noch einmal versuchen."
        )
        return FAULT
    if debug:
        _messages.print_exception()
    kind = type(fault).__name__
    _say(
        f"Das Programm hat einen Fehler gemacht ({kind}); die bisherigen Ausgaben sind unverändert. Mit --debug erscheinen Einzelheiten."
    )
    return FAULT
