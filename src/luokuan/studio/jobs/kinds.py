"""Kinds of jobs by name. A new kind is a ``Kind`` that is registered; queue, worker, API and pages find it here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.store.home import Home
    from luokuan.studio.jobs.context import Context


class Brief(BaseModel):
    """What a job is asked for: known fields alone, each of its own type. Its JSON schema makes forms."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


BriefT = TypeVar("BriefT", bound=Brief)


def _no_works(_brief: Any) -> int:
    return 0


def _nothing(_brief: Any) -> str | None:
    return None


def _anything(_brief: Any, _home: Home) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Kind(Generic[BriefT]):
    """A kind of job.

    Args:
        name: ``group.word``, such as ``create.image``.
        brief: What it is asked for.
        run: Does it, in a worker; returns the result as JSON values, or None when it was asked to stop and can go on
            later. Works leave through ``Context.finish`` alone.
        check: Refuses, in the server, what can be seen to be wrong without loading a model.
        outputs: How many works it makes.
        makes: What only one live job may be making.
        needs: An ability that the worker must have; empty: none.
        tries: Attempts before it fails for good.
        seconds: How long an attempt may take; None: as long as it likes.
        models: Whether it works with models, for which the worker then gets ready.
        stops: Whether it saves what it has when it is asked to stop, and goes on from there.
        families: Families whose models a brief's ``model`` may name, as rows of ``models.registry.FAMILIES``; empty:
            any that makes something by itself.
        internal: Whether the studio alone hands in such jobs, as ``HOUSE``; nobody else sees the kind.
    """

    name: str
    brief: type[BriefT]
    run: Callable[[Context, BriefT], Mapping[str, Any] | None]
    check: Callable[[BriefT, Home], None] = field(default=_anything)
    outputs: Callable[[BriefT], int] = field(default=_no_works)
    makes: Callable[[BriefT], str | None] = field(default=_nothing)
    needs: str = ""
    tries: int = 3
    seconds: float | None = 3600.0
    models: bool = True
    stops: bool = False
    families: tuple[str, ...] = ()
    internal: bool = False


HOUSE = "house"
"""Owner of jobs that the studio hands in by itself: no account has this id."""
HANDLERS = (
    "image",
    "text",
    "sentences",
    "verse",
    "copywriting",
    "translation",
    "enlargement",
    "music",
    "speech",
    "presenter",
    "video",
    "effect",
    "sound",
    "clip",
    "training",
    "evaluation",
    "export",
    "answer",
    "embedding",
    "delivery",
)
"""Modules of ``handlers`` that come with Luokuan; each registers its kinds when it is imported."""
_registered: dict[str, Kind[Any]] = {}


def register(kind: Kind[Any]) -> None:
    """Make ``kind`` known; one of the same name is replaced."""
    _registered[kind.name] = kind


def kinds(*, internal: bool = False) -> dict[str, Kind[Any]]:
    """All kinds that people can hand in, by name; or those of the studio, too. Loads no model and no heavy library."""
    for name in HANDLERS:
        import_module(f"luokuan.studio.jobs.handlers.{name}")
    return {name: kind for name, kind in sorted(_registered.items()) if internal or not kind.internal}


def kind_named(name: str, *, internal: bool = False) -> Kind[Any]:
    """The kind ``name``; see ``kinds``.

    Raises:
        UserError: there is none.
    """
    found = kinds(internal=internal)
    if name not in found:
        raise UserError(
            _("There is no kind of job '{name}'.", name=name[:40]),
            _("Known kinds: {kinds}.", kinds=", ".join(found)),
            code="job.kind",
            status=404,
        )
    return found[name]
