"""What works, models and projects have cost, by the home's records and a price table; estimates are marked.

A job's seconds are recorded by the queue. A model's training is counted by its job, else by the times in the run's
metrics.jsonl, else by the minutes that were asked for (an estimate). Memory isn't recorded: it is estimated from the
size of the weights. Storage counts from the day of making. Energy is the cores' time at a wattage that was read (RAPL)
or stated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from luokuan.appraisal.energy import watts_under_load
from luokuan.appraisal.prices import PriceTable, exchange
from luokuan.foundation.cores import usable_cores
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.foundation.modelfolder import ModelFolder
    from luokuan.store.home import Home
    from luokuan.store.spending import MadeWork, SpentJob

Origin = Literal["recorded", "measured", "estimated"]
MONTH_DAYS = 30.4375
BASE_GB = 0.5
"""Memory of a process that computes, beside its weights (an estimate)."""
TRAINING_COPIES = 4
"""Weights, gradients and two moments of the optimiser."""
PAUSE = 900.0
"""Seconds between two records of a run beyond which it is taken to have stood still."""


@dataclass(frozen=True, slots=True)
class Line:
    """One resource that something has used: amount in ``unit``, price of a unit, and how the amount is known."""

    resource: str
    amount: float
    unit: str
    price: float
    origin: Origin
    source: str

    @property
    def cost(self) -> float:
        """Amount times price."""
        return self.amount * self.price


@dataclass(frozen=True, slots=True)
class Item:
    """A work, a model's training, or a job that made nothing. ``timed``: whether its seconds are known at all."""

    kind: Literal["work", "model", "job"]
    name: str
    model: str
    lines: tuple[Line, ...]
    timed: bool

    @property
    def cost(self) -> float:
        """All lines together."""
        return sum(line.cost for line in self.lines)

    @property
    def estimated(self) -> bool:
        """Whether any line that costs something is an estimate."""
        return any(line.origin == "estimated" and line.cost for line in self.lines)


@dataclass(frozen=True, slots=True)
class ModelCost:
    """A model: its training, its works, and what one of its works costs with its share of the training; ``unit`` is
    None without works."""

    name: str
    training: float
    works: int
    making: float
    estimated: bool
    untimed: int

    @property
    def total(self) -> float:
        """Training and works."""
        return self.training + self.making

    @property
    def unit(self) -> float | None:
        """Total by the number of works."""
        return self.total / self.works if self.works else None


@dataclass(frozen=True, slots=True)
class Costs:
    """All that the home's records say. Money in ``currency``; ``watts``: of all cores together, with its origin."""

    currency: str
    on: datetime
    items: tuple[Item, ...]
    models: tuple[ModelCost, ...]
    watts: float
    watts_origin: Origin
    price_sources: dict[str, str] = field(default_factory=dict)
    exchange_source: str = ""
    notes: tuple[str, ...] = field(default=())

    @property
    def total(self) -> float:
        """Of all items."""
        return sum(item.cost for item in self.items)

    @property
    def works(self) -> list[Item]:
        """The works among the items."""
        return [item for item in self.items if item.kind == "work"]

    def of(self, models: Sequence[str]) -> list[ModelCost]:
        """The costs of these models, for a project that pays for them."""
        return [model for model in self.models if model.name in models]

    def by_resource(self) -> dict[str, tuple[float, str, float, bool]]:
        """Resource to its amount, unit, cost, and whether a part of it is estimated."""
        found: dict[str, tuple[float, str, float, bool]] = {}
        for line in (line for item in self.items for line in item.lines):
            amount, _unit, cost, guess = found.get(line.resource, (0.0, "", 0.0, False))
            found[line.resource] = (
                amount + line.amount,
                line.unit,
                cost + line.cost,
                guess or line.origin == "estimated",
            )
        return found


def costs_of(
    home: Home,
    table: PriceTable,
    *,
    currency: str | None = None,
    on: datetime | None = None,
    measure: bool = False,
    owner: str | None = None,
) -> Costs:
    """Count what the home has spent.

    Args:
        home: The home.
        table: The prices.
        currency: Of the amounts; None: the table's.
        on: Until when storage is counted, with a zone; None: now.
        measure: Whether to load all cores for two seconds and read their power, where the machine tells it.
        owner: Id of an account, of whose works, models and jobs alone it is counted; None: of all.

    Raises:
        UserError: the table has no rate for ``currency``; or see ``open_database``.
    """
    from luokuan.foundation.modelfolder import STARTERS, list_models
    from luokuan.store.belongings import names_of
    from luokuan.store.database import open_database
    from luokuan.store.spending import made_works, spent_jobs

    now = on or datetime.now(UTC)
    jobs: list[SpentJob] = []
    works: list[MadeWork] = []
    mine: set[str] = set()
    if home.has_database:
        with open_database(home) as database, database.read() as connection:
            jobs, works = spent_jobs(connection, owner), made_works(connection, owner)
            mine = set() if owner is None else names_of(connection, "model", owner)
    folders = list_models(home)
    factor = exchange(table, currency or table.currency, now.date())
    read = watts_under_load() if measure else None
    cores = usable_cores()
    watts = table.watts_per_core.value * cores if read is None else read
    counting = _Counting(table, factor.factor, now, cores, watts / cores, read is not None, folders)
    maker = {work_id: job for job in jobs for work_id in job.works}
    items: list[Item] = [counting.work(work, maker.get(work.id)) for work in works]
    own = [one for one in folders if one.path.parent != STARTERS and (owner is None or one.name in mine)]
    items += [counting.model(folder, jobs, home) for folder in own]
    made = {f"model:{folder.name}" for folder in own}
    items += [counting.job(job) for job in jobs if not job.works and job.makes not in made and job.seconds > 0]
    notes = [_("Training of the models that come with Luokuan isn't this home's and costs nothing here.")]
    if not counting.reaches_back:
        notes.append(_("The price table begins later than some records: its oldest prices were taken for them."))
    return Costs(
        currency or table.currency,
        now,
        tuple(items),
        _by_model(items),
        watts,
        "estimated" if read is None else "measured",
        dict(counting.sources),
        factor.source,
        tuple(notes),
    )


def _by_model(items: Sequence[Item]) -> tuple[ModelCost, ...]:
    names = dict.fromkeys(item.model for item in items if item.model)
    found = []
    for name in names:
        trained = [item for item in items if item.kind == "model" and item.model == name]
        made = [item for item in items if item.kind == "work" and item.model == name]
        both = (*trained, *made)
        found.append(
            ModelCost(
                name,
                sum(item.cost for item in trained),
                len(made),
                sum(item.cost for item in made),
                any(item.estimated for item in both),
                sum(not item.timed for item in both),
            )
        )
    return tuple(found)


def only(costs: Costs, models: Sequence[str]) -> Costs:
    """``costs`` of these models alone."""
    items = tuple(item for item in costs.items if item.model in models)
    return replace(costs, items=items, models=tuple(costs.of(models)))


class _Counting:
    """Turns records into lines."""

    def __init__(
        self,
        table: PriceTable,
        factor: float,
        now: datetime,
        cores: int,
        watts: float,
        measured: bool,
        folders: Sequence[ModelFolder],
    ) -> None:
        self._table, self._factor, self._now, self._cores = table, factor, now, cores
        self._watts, self._measured = watts, measured
        self._folders = {folder.name: folder for folder in folders}
        self.reaches_back = True
        self.sources: dict[str, str] = {}

    def work(self, work: MadeWork, job: SpentJob | None) -> Item:
        """A work: its part of the computing of its job, and its storage; without a job its seconds aren't known."""
        lines = []
        folder = self._folders.get(work.model_name)
        if job is not None:
            source = f"job {job.id}"
            lines += self._computing(
                job.seconds / len(job.works), self._cores, 1, folder, "recorded", source, work.created_at
            )
        if not work.erased:
            months = max((self._now - work.created_at).total_seconds(), 0) / 86_400 / MONTH_DAYS
            lines.append(
                self._line("storage", work.size / 1e9 * months, "recorded", f"work {work.id}", work.created_at)
            )
        if work.kind == "text" and (ratio := _tokens_per_byte(folder)):
            told = _("bytes of the work, by the tokens a byte of its model's corpus")
            lines.append(self._line("tokens", work.size * ratio / 1e6, "estimated", told, work.created_at))
        return Item("work", work.id, work.model_name, tuple(lines), job is not None)

    def model(self, folder: ModelFolder, jobs: Sequence[SpentJob], home: Home) -> Item:
        """A model: its training, and its storage."""
        made = [job for job in jobs if job.makes == f"model:{folder.name}"]
        born = datetime.fromtimestamp(folder.path.stat().st_mtime, UTC)
        machine = folder.training.get("machine")
        told = machine.get("cores") if isinstance(machine, dict) else None
        cores = told if isinstance(told, int) and 0 < told < 100_000 else self._cores
        seconds, origin, source = _training_seconds(folder, made, home)
        lines = []
        if seconds is not None:
            lines += self._computing(seconds, cores, TRAINING_COPIES, folder, origin, source, born)
        size = sum(item.stat().st_size for item in folder.path.rglob("*") if item.is_file())
        months = max((self._now - born).total_seconds(), 0) / 86_400 / MONTH_DAYS
        lines.append(self._line("storage", size / 1e9 * months, "recorded", f"model {folder.name}", born))
        if (tokens := _training_tokens(folder)) is not None:
            lines.append(self._line("tokens", tokens / 1e6, "recorded", f"training.json of {folder.name}", born))
        return Item("model", folder.name, folder.name, tuple(lines), seconds is not None)

    def job(self, job: SpentJob) -> Item:
        """A job without work or model: it failed, was cancelled, or only measured something."""
        lines = self._computing(job.seconds, self._cores, 1, None, "recorded", f"job {job.id}", job.created_at)
        return Item("job", f"{job.id} {job.kind} {job.state}", "", tuple(lines), True)

    def _computing(
        self,
        seconds: float,
        cores: int,
        copies: int,
        folder: ModelFolder | None,
        origin: Origin,
        source: str,
        when: datetime,
    ) -> list[Line]:
        hours = seconds / 3600
        size = BASE_GB + (folder.megabytes / 1000 * copies if folder is not None else 0)
        watts = _("power read from the machine") if self._measured else self._table.watts_per_core.source
        return [
            self._line("compute", hours * cores, origin, source, when),
            self._line("memory", hours * size, "estimated", _("size of the weights"), when),
            self._line(
                "energy", hours * cores * self._watts / 1000, origin if self._measured else "estimated", watts, when
            ),
        ]

    def _line(self, resource: str, amount: float, origin: Origin, source: str, when: datetime) -> Line:
        price, reached = self._table.at(resource, when.date())
        self.reaches_back &= reached
        self.sources[resource] = f"{price.source} ({price.since})"
        return Line(resource, amount, price.unit, price.price * self._factor, origin, source)


def _training_seconds(folder: ModelFolder, jobs: Sequence[SpentJob], home: Home) -> tuple[float | None, Origin, str]:
    if jobs:
        return sum(job.seconds for job in jobs), "recorded", f"job {jobs[-1].id}"
    from luokuan.foundation.metrics import MetricsFile

    place = home.runs / folder.name
    times: list[float] = []
    if (place / "metrics.jsonl").is_file():
        times = [row["time"] for row in MetricsFile(place, write=False).read() if isinstance(row.get("time"), float)]
    if len(times) > 1:
        steps = [later - earlier for earlier, later in pairwise(times)]
        return sum(step for step in steps if 0 < step <= PAUSE), "measured", f"runs/{folder.name}/metrics.jsonl"
    run: Any = folder.training.get("run")
    minutes = run.get("minutes") if isinstance(run, dict) else None
    if isinstance(minutes, int | float) and 0 < minutes <= 100_000:
        return float(minutes) * 60, "estimated", _("minutes that were asked for")
    return None, "estimated", ""


def _training_tokens(folder: ModelFolder) -> float | None:
    """Tokens that a language model has seen: windows times their length."""
    run, items = folder.training.get("run"), folder.training.get("items")
    context = run.get("context") if isinstance(run, dict) else None
    if folder.family != "plm" or not isinstance(items, int) or not isinstance(context, int):
        return None
    return float(max(items, 0) * max(context, 0))


def _tokens_per_byte(folder: ModelFolder | None) -> float:
    corpus = folder.training.get("corpus") if folder is not None else None
    tokens, size = (corpus.get(name) for name in ("tokens", "bytes")) if isinstance(corpus, dict) else (0, 0)
    if isinstance(tokens, int) and isinstance(size, int) and tokens > 0 and size > 0:
        return tokens / size
    return 0.0
