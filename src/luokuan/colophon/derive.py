"""Copies of works: finished again from the private master, so that a copy has one label and one watermark of its own,
and says of what it is a copy."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from luokuan.colophon.finish import PRODUCER, finish
from luokuan.colophon.formats import format_of
from luokuan.colophon.ingredients import Origin, of_work
from luokuan.colophon.schema import Draft, Recipe, Work
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.store.database import open_database
from luokuan.store.masters import Masters
from luokuan.store.works import find_work, no_work

if TYPE_CHECKING:
    import sqlalchemy as sa

    from luokuan.colophon.enlarge import Method
    from luokuan.colophon.label import LabelOptions
    from luokuan.colophon.usage import Usage
    from luokuan.store.home import Home

PURPOSES = ("derived", "licensed")
"""What a copy may be for."""


def finish_again(
    work_id: str,
    *,
    home: Home,
    media_type: str | None = None,
    label: LabelOptions | None = None,
    purpose: Literal["derived", "licensed"] = "derived",
    enlarge: Method = "lanczos",
    lossless: bool = False,
    producer: str = PRODUCER,
    at_commit: Callable[[sa.Connection], None] | None = None,
    at_record: Callable[[sa.Connection, str], None] | None = None,
    owner: str | None = None,
    copy_id: str | None = None,
    usage: Usage | None = None,
) -> Work:
    """Make another copy of a work: a work of its own, whose manifest holds the first one's as ``parentOf``.

    The AIGC label keeps what its producer said (Label, ContentProducer, ProduceID, ReservedCode1) and names us as
    propagator, with the copy's id and, in ReservedCode2, the SHA-256 of the file that it is a copy of.

    Args:
        work_id: A work of this home; it may be a copy itself.
        media_type: Of the copy; None: the work's own. It must hold the same kind of work.
        purpose: ``derived``: another form; ``licensed``: for somebody who got a licence.
        home, label, enlarge, lossless, producer, at_commit, at_record, owner, usage: See ``finish``.
        copy_id: The copy's id, as ``work_id`` of ``finish``.

    Raises:
        UserError: there is no such work, it was erased, its master or its bytes are gone or damaged, or see ``finish``.
    """
    if purpose not in PURPOSES:
        raise UserError(
            _("There is no copy called {purpose}.", purpose=purpose),
            _("Choose one of {known}.", known=", ".join(PURPOSES)),
            code="copy.purpose",
        )
    with open_database(home) as database, database.read() as connection:
        row = find_work(connection, work_id)
    if row is None:
        raise no_work(work_id)
    if row.recipe is None:
        raise UserError(
            _("The work {id} was erased: no copy can be made of it.", id=row.id),
            _("Choose another work."),
            code="work.erased",
            status=410,
        )
    kind = format_of(row.media_type).kind
    wanted = media_type or row.media_type
    format_of(wanted, kind)  # refused before anything is read
    return finish(
        Draft(Masters(home).get(row.id, kind), Recipe.from_dict(row.recipe), kind=row.kind),
        home=home,
        media_type=wanted,
        label=label,
        enlarge=enlarge,
        lossless=lossless,
        producer=producer,
        at_commit=at_commit,
        at_record=at_record,
        owner=owner,
        work_id=copy_id,
        usage=usage,
        origin=Origin(purpose, (of_work(row, home),)),
    )
