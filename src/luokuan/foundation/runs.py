"""A run's choices and its record, run.json: what was asked for and of which material, so that resume repeats it."""

from __future__ import annotations

import errno
import fcntl
import json
import platform
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any, ClassVar, Protocol, TypeVar

from luokuan.errors import UserError
from luokuan.files import disk_errors, sha256_bytes
from luokuan.foundation.corpus import Corpus
from luokuan.foundation.corpus.card import Card
from luokuan.foundation.licences import joint_licence
from luokuan.foundation.modelfolder import ModelFolder, check_name
from luokuan.i18n import _
from luokuan.logs import get
from luokuan.store.home import Home


class Choices(Protocol):
    """What every family's run has: a dataclass of plain values, written to run.json at its start."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def name(self) -> str: ...
    @property
    def steps(self) -> int | None: ...
    @property
    def minutes(self) -> float | None: ...
    @property
    def batch(self) -> int: ...
    @property
    def accumulate(self) -> int: ...
    @property
    def seed(self) -> int: ...
    @property
    def precision(self) -> str | None: ...
    @property
    def device(self) -> str | None: ...
    def check(self) -> None:
        """Refuse what can't work (UserError)."""
        ...


Rules = list[tuple[bool, str, str | Sequence[object]]]
"""(whether it holds, the option, what is allowed)."""


def check_choices(run: Choices, rules: Rules) -> None:
    """Refuse what no run can do, and where one of ``rules`` doesn't hold.

    Raises:
        UserError: a value is out of its range, or both steps and minutes were given.
    """
    check_name(run.name)
    common: Rules = [
        (run.steps is None or run.steps >= 1, "--steps", "≥ 1"),
        (run.minutes is None or 0 < run.minutes <= 100_000, "--minutes", "> 0"),
        (run.batch >= 2, "--batch", "≥ 2"),
    ]
    for good, option, allowed in (*rules, *common):
        if not good:
            raise UserError(
                _("{option} is out of its range.", option=option),
                _("Allowed: {allowed}.", allowed=allowed if isinstance(allowed, str) else ", ".join(map(str, allowed))),
                code="training.option",
            )
    if run.steps is not None and run.minutes is not None:
        raise UserError(_("Both --steps and --minutes were given."), _("Give one of them."), code="training.option")


def versions(*more: str) -> dict[str, str]:
    """Versions that a result depends on; ``more``: further packages."""
    found = {"python": platform.python_version()}
    for package in ("luokuan", "torch", "numpy", "pillow", *more):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "unknown"
    return found


def read_run(home: Home, name: str, family: str) -> dict[str, Any]:
    """What run.json of the run ``name`` says; its ``run`` holds the choices.

    Raises:
        UserError: there is no such run, it is of another family, or its record can't be read.
    """
    check_name(name)
    path = home.runs / name / "run.json"
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        dict(record["run"]), int(record["steps"]), str(record["corpus"]["digest"])
        found = str(record["family"])
    except FileNotFoundError as error:
        raise UserError(
            _("There is no run named '{name}' to resume.", name=name),
            _("Start it without --resume; runs are kept in {path}.", path=home.runs),
            code="training.no_run",
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise _unreadable(path) from error
    if found != family:
        raise UserError(
            _("The run '{name}' trains a model of the family '{family}'.", name=name, family=found),
            _("Resume it with `luokuan train {family}`, or choose another --name.", family=found),
            code="training.family",
        )
    return record


@contextmanager
def in_one_place(home: Home, name: str) -> Iterator[None]:
    """Hold the run ``name`` while it is trained; the system lets go of it when the process ends, however it ends.

    Raises:
        UserError: another process trains it; the home can't be written.
    """
    path = home.runs / f".{name}.lock"
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.open("a")
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.EACCES):  # the second one on network shares
                raise busy(name) from error
            get("foundation.runs").warning("no locks on this file system", path=str(path), error=str(error))
        # The file stays: one that is removed while another process waits to open it locks nothing.
        yield


def busy(name: str) -> UserError:
    """What is said of a run that another process trains."""
    return UserError(
        _("The run '{name}' is being trained by another process.", name=name),
        _("Wait for it, stop it with Ctrl-C, or choose another name."),
        code="training.busy",
        status=409,
    )


MOST_PATIENCE = 9
"""One less than a run has validations: with more it would never end early."""
ANCESTORS = 32
"""Most bases of bases that a record names."""

ChoicesT = TypeVar("ChoicesT", bound=Choices)


def resumed(home: Home, name: str, family: str, kind: type[ChoicesT]) -> ChoicesT:
    """The choices of the run ``name``, as it was started.

    Raises:
        UserError: see ``read_run``; or the choices don't fit this version.
    """
    values = read_run(home, name, family)["run"]
    try:
        # JSON has no tuples.
        return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})
    except TypeError as error:
        raise _unreadable(home.runs / name / "run.json") from error


def _unreadable(path: object) -> UserError:
    return UserError(
        _("The record {path} can't be read.", path=path),
        _("Start anew under another --name."),
        code="training.record",
    )


def material(corpora: tuple[Corpus, ...], others: Mapping[str, ModelFolder] | None = None) -> dict[str, Any]:
    """The corpora as training.json names them: one digest, all licences, all credits.

    Args:
        others: Models on which this one rests, by their part: the ``codec`` in whose space it works, the ``base``
            whose weights it starts from. What they learnt from is in every picture, so that its licence and credit
            stand beside those of the corpora; the digest is that of the corpora alone. A base's own base stands in it.
    """
    models = others or {}
    cards = [corpus.card for corpus in corpora]
    learnt = {part: _learnt(model) for part, model in models.items()}
    licences = [*(corpus.licence for corpus in corpora), *(model.licence for model in models.values())]
    digests = [corpus.digest for corpus in corpora]

    def joined(values: list[str]) -> str:
        return "; ".join(dict.fromkeys(value for value in values if value))

    def of_models(field: str) -> list[str]:
        return [value for found in learnt.values() for value in str(found.get(field) or "").split("; ")]

    return {
        "title": joined([c.title if c and c.title else p.path.name for c, p in zip(cards, corpora, strict=True)]),
        "digest": joint_digest(corpora),
        "licence": joint_licence(licences),
        "credit": joined([*(c.credit for c in cards if c), *of_models("credit")]),
        "source": joined([*(c.source for c in cards if c), *of_models("source")]),
        **_persons(cards),
        "aliases": {key: value for c in cards if c for key, value in c.aliases.items()},
        **({"digests": digests} if len(digests) > 1 else {}),
        **{part: _lines(model, learnt[part]) for part, model in models.items()},
    }


def _persons(cards: list[Card | None]) -> dict[str, str]:
    """On what ground depicted or recorded people agreed, if every card says so, and what personal data any of them
    names: whether works may be sold hangs on both."""
    texts = {
        "consent": [card.consent if card else "" for card in cards],
        "personal_data": [card.personal_data for card in cards if card and card.personal_data],
    }
    return {name: "; ".join(dict.fromkeys(said)) for name, said in texts.items() if said and all(said)}


def _learnt(model: ModelFolder) -> dict[str, Any]:
    found = model.training.get("corpus")
    return found if isinstance(found, dict) else {}


def _lines(model: ModelFolder, learnt: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": model.name,
        "digest": model.network_digest,
        "licence": model.licence,
        **{name: str(learnt.get(name) or "") for name in ("title", "credit", "source")},
        **{name: str(learnt[name]) for name in ("consent", "personal_data") if learnt.get(name)},
        "corpus_digest": model.corpus_digest,
        **({"base": _ancestor(learnt["base"])} if isinstance(learnt.get("base"), dict) else {}),
    }


def _ancestor(found: dict[str, Any], depth: int = 0) -> dict[str, Any]:
    """A base's own base as its record names it: a stranger's file, of which only the known texts are taken."""
    fields = ("name", "digest", "licence", "title", "credit", "source", "corpus_digest")
    further = found.get("base")
    return {
        **{field: str(found.get(field) or "") for field in fields},
        **{field: str(found[field]) for field in ("consent", "personal_data") if found.get(field)},
        **({"base": _ancestor(further, depth + 1)} if isinstance(further, dict) and depth < ANCESTORS else {}),
    }


def joint_digest(corpora: tuple[Corpus, ...]) -> str:
    """The corpus's digest, or SHA-256 over the sorted digests of several, a line each."""
    if len(corpora) == 1:
        return corpora[0].digest
    return sha256_bytes("".join(f"{digest}\n" for digest in sorted(c.digest for c in corpora)).encode())
