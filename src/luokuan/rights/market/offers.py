"""Whether a work can be offered: whose it is, whether it is there and free, and who gets what of its price."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from luokuan.colophon.lineage.records import read
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.rights.gather import of_lineage
from luokuan.rights.permission import Permission, decide
from luokuan.store.grants import find_grant, grants
from luokuan.store.listings import is_preview, offers_of, root_of
from luokuan.store.ownership import find_own_work, in_trash, owner_of
from luokuan.store.rights import is_withdrawn, open_dispute
from luokuan.store.works import find_work, no_work

if TYPE_CHECKING:
    import sqlalchemy as sa

    from luokuan.store.accounts import AccountRow
    from luokuan.store.database import Database
    from luokuan.store.home import Home
    from luokuan.store.works import WorkRow


def own_work(connection: sa.Connection, work_id: str, person: AccountRow | None) -> WorkRow:
    """A work that ``person`` may offer; None may offer all.

    Raises:
        UserError: there is none, or it is another's (404).
    """
    row = find_work(connection, work_id) if person is None else find_own_work(connection, work_id, person)
    if row is None and person is not None and holder_of(connection, work_id) == person.id:
        row = find_work(connection, work_id)
    if row is None or is_preview(connection, row.id):
        raise no_work(work_id)
    return row


def holder_of(connection: sa.Connection, work_id: str) -> str | None:
    """Whose a work is: of a licensed copy whoever has the licence, else its owner; None: the home's own."""
    licence = find_grant(connection, work_id)
    return owner_of(connection, work_id) if licence is None else licence.buyer


def is_seller(person: AccountRow | None, seller: str | None) -> bool:
    """Whether ``person`` speaks for a seller: they themselves; of the home's own (None) administrators; None, who runs
    this home, for all."""
    if person is None:
        return True
    return seller == person.id or (seller is None and person.role == "admin")


def one_seller(connection: sa.Connection, rows: Sequence[WorkRow]) -> str | None:
    """Whose these works are; None: the home's own.

    Raises:
        UserError: they belong to several.
    """
    owners = {holder_of(connection, row.id) for row in rows}
    if len(owners) != 1:
        raise UserError(
            _("These works belong to several people."), _("Offer each one's by themselves."), code="market.owners",
            status=409,
        )  # fmt: skip
    return owners.pop()


def check_there(connection: sa.Connection, row: WorkRow) -> None:
    """Refuse what can't be served.

    Raises:
        UserError: it was erased or withdrawn, lies in the trash, or a notice about it isn't decided.
    """
    if row.erased:
        raise UserError(_("The work {id} was erased.", id=row.id), _("Choose another work."), code="work.erased",
                        status=410)  # fmt: skip
    if is_withdrawn(connection, row.id):
        raise UserError(
            _("The work {id} was withdrawn and isn't served any more.", id=row.id),
            _("Choose another work."),
            code="work.withdrawn",
            status=410,
        )
    if in_trash(connection, row.id):
        raise UserError(_("The work {id} lies in the trash.", id=row.id), _("Take it back first."),
                        code="market.trash", status=409)  # fmt: skip
    if open_dispute(connection, row.id) or open_dispute(connection, root_of(connection, row.id)):
        raise UserError(
            _("A notice about the work {id} isn't decided.", id=row.id),
            _("`luokuan rights notices` shows it."),
            code="market.disputed",
            status=409,
        )


def check_free(connection: sa.Connection, row: WorkRow, seller: str | None, *, exclusive: bool, at: datetime) -> None:
    """Refuse what somebody has got exclusively, or what another offer contradicts.

    Raises:
        UserError: so it is.
    """
    root = root_of(connection, row.id)
    check_exclusive(connection, root, seller, exclusive=exclusive, at=at)
    others = offers_of(connection, [root])
    if any(one.exclusive for one in others) or (exclusive and others):
        raise UserError(
            _("The work {id} is offered already, and one of the two offers is exclusive.", id=row.id),
            _("Withdraw the other offer first: {listing}.", listing=others[0].id),
            code="market.offered",
            status=409,
        )


def check_exclusive(
    connection: sa.Connection, root_id: str, seller: str | None, *, exclusive: bool, at: datetime
) -> None:
    """Refuse a work for which an exclusive licence runs; whoever has it may go on, but not exclusively.

    Raises:
        UserError: so it is.
    """
    for one in grants(connection, roots=[root_id]):
        if one.exclusive and one.holds(at) and (exclusive or one.buyer != seller):
            raise UserError(
                _("Somebody has an exclusive licence for the work {id}.", id=root_id),
                _("Wait until it ends, or choose another work."),
                code="market.exclusive",
                status=409,
            )


def permission_for(row: WorkRow, home: Home, database: Database) -> Permission:
    """ "May I sell this?", without looking at what was made from it: of a work that sells well that is much."""
    return decide(row.id, of_lineage(read(row, home, database, after=False), home, database))
