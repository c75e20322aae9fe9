"""Whose jobs, works and seconds of computing these are: where the queue meets the studio's accounts.

An owner that is no account (a program that uses the queue by itself) has no quotas, and its works are the home's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from luokuan.create.voices.registry import come_along
from luokuan.create.voices.registry import unknown as unknown_voice
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.store import belongings
from luokuan.store.accounts import AccountRow, find_account
from luokuan.store.ownership import own_among, set_owner
from luokuan.store.quotas import charge, check_quotas
from luokuan.studio.jobs.references import unknown_corpus, unknown_model

if TYPE_CHECKING:
    import sqlalchemy as sa

    from luokuan.studio.jobs.queue import Request

_WORK = re.compile(r"(?:work:)?([0-9a-f]{16})")
TRAINING = "train."
_MODELS = ("model", "upscaler", "codec", "base", "tokenizer")
"""Fields of briefs, and of the choices in them, that name a model."""
_VOICES = ("voices",)
"""Fields that name voices: some come along, others are models."""
_CORPORA = ("corpus", "corpora")
_NO_MODELS = ("bpe", "chars", "bytes")
"""What ``tokenizer`` can be besides."""


def may_use(connection: sa.Connection, request: Request) -> None:
    """Refuse a brief that names somebody else's model, voice, run or corpus, as if it named nothing.

    Raises:
        UserError: so it does.
    """
    person = find_account(connection, request.owner)
    if person is None:
        return
    for name in _named(request.brief, _MODELS):
        if name not in _NO_MODELS and not belongings.may_use(connection, "model", name, person):
            raise unknown_model(name)
    for name in _trained(request.brief):
        if not belongings.may_use(connection, "model", name, person):
            raise unknown_voice(name)
    for name in _named(request.brief, _CORPORA):
        if not belongings.may_use(connection, "corpus", name, person):
            raise unknown_corpus(name)
    run = request.brief.get("name") if request.kind.startswith(TRAINING) else None
    if run is not None and request.brief.get("resume") and not belongings.is_own(connection, "model", run, person):
        raise unknown_run(run)


def admit(connection: sa.Connection, request: Request) -> None:
    """An ``Admission``: the month's quotas, and what a brief names; counts the job, and gives the name of a model that
    is to be trained to whoever trains it.

    Raises:
        UserError: a quota is used up, the name is another's, or a work, model or corpus is (one can't tell that from
            one that isn't there).
    """
    person = find_account(connection, request.owner)
    if person is None:
        return
    now = datetime.now(UTC)
    check_quotas(connection, person, now, jobs=1)
    may_use(connection, request)
    named = set(_works_in(request.brief))
    if strange := named - own_among(connection, named, person):
        raise UserError(
            _("There is no file '{name}'.", name=sorted(strange)[0]),
            _("Upload it first, or name a work as work:ID."),
            code="input.unknown",
            status=404,
        )
    if request.kind.startswith(TRAINING):
        _take_name(connection, request.brief, person, now)
    charge(connection, person.id, now, jobs=1)


def _take_name(connection: sa.Connection, brief: Mapping[str, Any], person: AccountRow, now: datetime) -> None:
    name = brief["name"]
    if brief.get("resume") and belongings.find_belonging(connection, "model", name) is None:
        return  # a run of the command line stays the home's
    belongings.take(connection, "model", name, person.id, now)


def set_size(connection: sa.Connection, name: str, size: int) -> None:
    """Say how many bytes a model and its run take."""
    belongings.set_size(connection, "model", name, size)


def unknown_run(name: str) -> UserError:
    """There is no such run; or it is somebody else's, which nobody is told."""
    return UserError(
        _("There is no run named '{name}' to resume.", name=name[:120]),
        _("Start it without resuming."),
        code="training.no_run",
        status=404,
    )


def _named(brief: Mapping[str, Any], fields: Sequence[str]) -> Iterator[str]:
    """Texts in these fields, wherever they stand in a brief."""
    for field, value in brief.items():
        if isinstance(value, Mapping):
            yield from _named(value, fields)
        elif field in fields:
            yield from (one for one in ([value] if isinstance(value, str) else value or ()) if isinstance(one, str))


def _trained(brief: Mapping[str, Any]) -> Iterator[str]:
    """Names of voices that don't come along: they are models."""
    known = come_along()
    return (name for name in _named(brief, _VOICES) if name not in known)


def models_in(brief: Mapping[str, Any]) -> set[str]:
    """Names of models that a brief works with, or makes."""
    made = brief.get("name")
    return {*_named(brief, _MODELS), *_trained(brief), *([made] if isinstance(made, str) else ())}


def _works_in(brief: Any) -> Iterator[str]:
    """Ids of works that a brief names: ``work:ID`` in whatever field, so that no new kind can forget to say which of
    its fields are files, and all in ``works``, ``like`` and ``file``."""
    for name, value in brief.items():
        bare = name in ("works", "like", "file")
        for text in value if isinstance(value, list | tuple) else [value]:
            if isinstance(text, str) and (match := _WORK.fullmatch(text)) and (bare or text.startswith("work:")):
                yield match[1]


def own(connection: sa.Connection, work_id: str, owner: str) -> None:
    """Say whose a finished work is, in the transaction that finishes it."""
    if find_account(connection, owner) is not None:
        set_owner(connection, work_id, owner)


def charge_seconds(connection: sa.Connection, owner: str, seconds: int) -> None:
    """Count seconds of computing against the owner's month."""
    if seconds > 0 and find_account(connection, owner) is not None:
        charge(connection, owner, datetime.now(UTC), seconds=seconds)
