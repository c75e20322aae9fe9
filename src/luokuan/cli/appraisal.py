"""`luokuan appraisal`: what projects cost and earn, what may go wrong, and what watches over it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from luokuan.cli import appraisal_cost, appraisal_portfolio, appraisal_revenue, options
from luokuan.cli.output import emit_json, say, table, visible
from luokuan.errors import ExitCode, UserError
from luokuan.i18n import _, language

if TYPE_CHECKING:
    from luokuan.appraisal.appraise import Appraisal

app = typer.Typer(
    no_args_is_help=True,
    help=_(
        "Appraise projects: cost by records, value, risk, staged funding, portfolio, rules. Decision support, not "
        "advice."
    ),
)
app.command("cost", help=appraisal_cost.HELP)(appraisal_cost.cost)
app.command("revenue", help=appraisal_revenue.HELP)(appraisal_revenue.revenue)
app.command("portfolio", help=appraisal_portfolio.HELP)(appraisal_portfolio.portfolio)

File = Annotated[Path, typer.Argument(help=_("A project file (YAML)."), show_default=False)]
Paths = Annotated[int, typer.Option("--paths", help=_("Paths to draw."))]
Prices = Annotated[
    Path | None,
    typer.Option("--prices", help=_("A price table (default: the one that comes with Luokuan)."), show_default=False),
]
Books = Annotated[
    Path | None,
    typer.Option(
        "--books",
        help=_("Receipts as CSV (date,amount,currency,reference): revenue of the actual months."),
        show_default=False,
    ),
]
On = Annotated[
    datetime | None,
    typer.Option("--on", formats=["%Y-%m-%d"], help=_("The day that counts (default: today)."), show_default=False),
]


@app.callback()
def _group() -> None:
    """Actions as commands."""


@app.command("new", help=_("Write a project file to begin with: an invented project, each field with a word on it."))
def new(
    output: Annotated[Path, typer.Argument(help=_("A new file, such as project.yaml."), show_default=False)],
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """In the user's language."""
    from importlib import resources

    from luokuan.files import expand, write_atomic

    place = expand(output)
    if place.exists():
        raise UserError(
            _("{path} exists already.", path=place), _("Choose another name, or remove it."), code="appraisal.exists"
        )
    name = "project.zh.yaml" if language() == "zh_CN" else "project.en.yaml"
    write_atomic(place, (resources.files("luokuan.appraisal") / "data" / name).read_bytes())
    if json:
        emit_json({"path": str(place)})
        return
    say(
        _("Wrote {path}: an invented project. Replace its figures and their sources.", path=visible(place)), quiet=quiet
    )
    say(_("Next: luokuan appraisal run {path}", path=visible(place)), quiet=quiet)


@app.command("show", help=_("Check a project file and show what it states."))
def show(file: File, json: options.Json = False) -> None:
    """Nothing is computed but the sums."""
    from luokuan.appraisal.appraise import read_project
    from luokuan.appraisal.words import exact, layer_word, money, quantity_word, stage_word

    project = read_project(file)
    if json:
        emit_json({"project": project.model_dump(mode="json")})
        return
    say(visible(project.name))
    say(
        _(
            "{layer}, {stage}; {months} months from {start}; to be invested: {amount}",
            layer=layer_word(project.layer),
            stage=stage_word(project.stage),
            months=project.horizon,
            start=project.start,
            amount=money(project.invested, project.currency),
        )
    )
    rows = [
        (quantity_word(name), f"{exact(one.value)} {one.unit}", one.source, one.date)
        for name, one in project.assumptions.items()
    ]
    table([_("assumption"), _("value"), _("source"), _("date")], rows)
    say(
        _(
            "{risks} risks, {events} events, {limits} limits, {rules} stop-loss rules, {actuals} actual months",
            risks=len(project.risks),
            events=len(project.events),
            limits=len(project.limits),
            rules=len(project.stop_loss),
            actuals=len(project.actuals),
        )
    )


@app.command("run", help=_("Appraise a project. The exit code is 1 where one of its limits is broken."))
def run(
    file: File,
    paths: Paths = 100_000,
    seed: options.Seed = 0,
    prices: Prices = None,
    books: Books = None,
    on: On = None,
    json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Value, risk, staging, limits, proposals."""
    found = _appraised(file, paths, seed, prices, books, on, home)
    if json:
        emit_json(found.to_json())
    else:
        _print(found)
    if any(finding.state == "broken" for finding in found.findings):
        raise typer.Exit(ExitCode.NOT_SO)


@app.command("report", help=_("Write the appraisal of a project as a page (.html) or a PDF, with charts and sources."))
def report(
    file: File,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help=_("A file that ends in .html or .pdf."), show_default=False),
    ] = None,
    paths: Paths = 100_000,
    seed: options.Seed = 0,
    prices: Prices = None,
    books: Books = None,
    font: Annotated[
        Path | None, typer.Option("--font", help=_("Font of a PDF (default: one of the system's)."), show_default=False)
    ] = None,
    on: On = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """One file."""
    from luokuan.appraisal.page import to_html
    from luokuan.appraisal.report import document_of
    from luokuan.appraisal.rules import read_rules
    from luokuan.files import expand, write_atomic

    place = expand(output or file.with_suffix(".html").name)
    if place.suffix.lower() not in (".html", ".pdf"):
        raise UserError(
            _("A report is a page or a PDF, not '{name}'.", name=place.name[:80]),
            _("Give a name that ends in .html or .pdf."),
            code="appraisal.format",
        )
    found = _appraised(file, paths, seed, prices, books, on, home)
    document = document_of(found, read_rules())
    if place.suffix.lower() == ".pdf":
        from luokuan.appraisal.pdf import to_pdf

        data = to_pdf(document, font=font)
    else:
        data = to_html(document).encode()
    write_atomic(place, data)
    if json:
        emit_json({"path": str(place), **found.to_json()})
    else:
        say(_("Wrote {path}.", path=visible(place)), quiet=quiet)


@app.command("rules", help=_("Show the register of rules: what binds whom from when, and what Luokuan does about it."))
def rules(
    file: Annotated[Path | None, typer.Option("--file", help=_("Another register (YAML)."), show_default=False)] = None,
    on: On = None,
    json: options.Json = False,
) -> None:
    """As of a day."""
    from luokuan.appraisal.rules import is_stale, read_rules, status_word

    day = (on or datetime.now()).date()
    found = read_rules(file)
    if json:
        emit_json(
            {
                "on": day.isoformat(),
                "rules": [
                    {**rule.model_dump(mode="json"), "status": rule.status(day), "stale": is_stale(rule, day)}
                    for rule in found
                ],
            }
        )
        return
    for rule in found:
        title, duty, answer = rule.said
        old = _(", what existed before from {day}", day=rule.old_until) if rule.old_until else ""
        say(f"{visible(title)} ({rule.jurisdiction})")
        say(f"  {_('from {day}', day=rule.since)}{old}: {status_word(rule.status(day))}")
        say(f"  {visible(duty)}")
        say(f"  Luokuan: {visible(answer)}")
        if is_stale(rule, day):
            say("  " + _("This entry was checked on {day}: look again.", day=rule.checked))
    say(_("No legal advice: let somebody who may give it look at your case."))


def _appraised(
    file: Path, paths: int, seed: int, prices: Path | None, books: Path | None, on: datetime | None, home: Path | None
) -> Appraisal:
    from luokuan.appraisal.appraise import read_project
    from luokuan.appraisal.books import read_books, with_books
    from luokuan.appraisal.recorded import appraise_recorded
    from luokuan.store.home import find_home

    project = read_project(file)
    if books is not None:
        project = with_books(project, read_books(books), books.name)
    day = None if on is None else on.date()
    return appraise_recorded(project, find_home(home), paths=paths, seed=seed, prices=prices, on=day)


def _print(found: Appraisal) -> None:
    from luokuan.appraisal.controls import metric_word, state_word
    from luokuan.appraisal.words import exact, money, months_or_never, percent

    project, simulation = found.project, found.simulation
    currency = project.currency
    rate = _("several") if found.returns.several else "-"
    if found.returns.one is not None:
        rate = _("{rate} % a year", rate=f"{found.returns.one:.1f}")
    price = "-" if found.break_even is None else f"{exact(found.break_even)} {currency}"
    say(visible(project.name))
    table(
        [_("as stated"), ""],
        [
            (_("net present value"), money(found.npv, currency)),
            (_("internal rate of return"), rate),
            (_("payback"), months_or_never(found.payback)),
            (_("payback of discounted flows"), months_or_never(found.payback_discounted)),
            (_("price at which it is worth nothing"), price),
        ],
    )
    staging = found.staging
    table(
        [_("{paths} paths, seed {seed}", paths=f"{simulation.paths:,}", seed=simulation.seed), ""],
        [
            (
                _("mean net present value"),
                f"{money(simulation.mean, currency)} ± {money(simulation.standard_error, currency)}",
            ),
            (_("probability of loss"), percent(simulation.loss_probability)),
            *(
                (_("value at risk, {level}", level=percent(level, 0)), money(value, currency))
                for level, value in found.var.items()
            ),
            *(
                (_("conditional value at risk, {level}", level=percent(level, 0)), money(value, currency))
                for level, value in found.cvar.items()
            ),
            *(
                []
                if staging is None
                else [(_("mean with the right to stop at gates"), money(staging.staged, currency))]
            ),
        ],
    )
    if found.findings:
        table(
            [_("limit"), _("now"), _("at most"), _("state")],
            [
                (
                    metric_word(f.metric),
                    "-"
                    if f.figure.value is None
                    else months_or_never(f.figure.value)
                    if f.metric == "payback"
                    else f"{exact(f.figure.value)} {f.unit}",
                    f"{exact(f.limit)} {f.unit}",
                    state_word(f.state),
                )
                for f in found.findings
            ],
        )
    for proposal in found.proposals:
        say(
            _(
                "The rule “{rule}” proposes: {propose}. Nothing has been done; a person decides.",
                rule=visible(proposal.rule),
                propose=visible(proposal.propose),
            )
        )
    say(_("Decision support, not advice."))
