"""What the home remembers of its chain, for pages and programs: no node is asked, so that no page waits for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from luokuan.colophon.tlog.note import parse_checkpoint
from luokuan.rights.chain.records import records_of
from luokuan.store.logbook import newest_head
from luokuan.store.ownership import own_among

if TYPE_CHECKING:
    from luokuan.store.accounts import AccountRow
    from luokuan.studio.state import Studio


def chain_view(studio: Studio, person: AccountRow) -> dict[str, Any]:
    """Contract, anchors (the newest first), and works of the reader's own that were registered.

    Raises:
        UserError: the records can't be read.
    """
    records = records_of(studio.home)
    with studio.database.read() as connection:
        head = newest_head(connection)
        named = [] if records is None else [one.work for one in records.works if one.work]
        own = own_among(connection, named, person)
    anchors = [] if records is None else [(parse_checkpoint(one.checkpoint), one) for one in records.anchors]
    return {
        "chain": None if records is None else records.chain,
        "contract": None if records is None else records.contract,
        "anchors": [
            {
                "origin": point.origin, "size": point.size, "root": point.root.hex(), "transaction": one.transaction,
                "block": one.block, "block_hash": one.block_hash,
            }
            for point, one in reversed(anchors)
        ],
        "works": [] if records is None else [
            {"work": one.work, "token": one.token, "transaction": one.transaction, "block": one.block}
            for one in reversed(records.works) if one.work in own
        ],
        "log_size": 0 if head is None else head.size,
    }  # fmt: skip
