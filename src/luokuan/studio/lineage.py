"""A work's lineage for its owner: what belongs to others is there, but without a name."""

from __future__ import annotations

from luokuan.colophon.lineage import Lineage, Node, draw
from luokuan.colophon.lineage.records import read
from luokuan.i18n import _
from luokuan.store.accounts import AccountRow
from luokuan.store.ownership import own_among
from luokuan.store.works import WorkRow
from luokuan.studio.state import Studio


def drawn(row: WorkRow, studio: Studio, person: AccountRow) -> str:
    """The lineage as an SVG picture.

    Raises:
        UserError: the database can't be read.
    """
    found = read(row, studio.home, studio.database)
    works = [node.title for node in found.nodes.values() if node.kind == "work"]
    with studio.database.read() as connection:
        own = own_among(connection, works, person)
    return draw(without_names(found, own), _("Lineage of the work {id}", id=row.id))


def without_names(lineage: Lineage, own: set[str]) -> Lineage:
    """The same, but of works that aren't in ``own`` nothing is told than that there is one."""
    for key, node in lineage.nodes.items():
        if node.kind == "work" and node.title not in own:
            lineage.nodes[key] = Node(key, "work", _("somebody else's"))
    return lineage
