"""Fields of a brief that have no say beside others, said in the words of its form."""

from __future__ import annotations

from collections.abc import Iterable

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.studio.asking.words import field_words
from luokuan.studio.saying import named


def refuse_needless(kind: str, rows: Iterable[tuple[bool, str, str]]) -> None:
    """Refuse a field that has no say without another.

    Args:
        kind: Name of the kind of job.
        rows: Whether it is so, the field, and the other one.

    Raises:
        UserError: of the first row that is so.
    """
    for wrong, one, other in rows:
        if wrong:
            first, second = _named(one, kind), _named(other, kind)
            raise _refusal(
                _("{option} has no say without {other}.", option=first, other=second),
                _("Add {other}, or leave it out.", other=second),
            )


def refuse_both(kind: str, rows: Iterable[tuple[bool, str, str]]) -> None:
    """Refuse a field that has no say with another; see ``refuse_needless``."""
    for wrong, one, other in rows:
        if wrong:
            raise _refusal(
                _("{option} has no say with {other}.", option=_named(one, kind), other=_named(other, kind)),
                _("Leave one of them out."),
            )


def _named(field: str, kind: str) -> str:
    return named(field_words(field, kind)[0])


def _refusal(what: str, do: str) -> UserError:
    return UserError(what, do, code="create.option", status=422)
