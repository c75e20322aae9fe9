"""Delivery as the studio asks for it: a job of the queue for each order, and how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from luokuan.errors import UserError
from luokuan.store import jobs
from luokuan.studio.jobs.handlers.delivery import NAME, makes
from luokuan.studio.jobs.kinds import HOUSE

if TYPE_CHECKING:
    import sqlalchemy as sa

    from luokuan.store.jobs import Job
    from luokuan.studio.jobs.queue import JobQueue


def ask(queue: JobQueue, order_id: str) -> int:
    """Have an order's copies made, unless a job is about it. No quota of the buyer counts: it is paid.

    Returns:
        0: none is made yet (what ``reconcile`` is told).
    """
    try:
        queue.submit(HOUSE, NAME, {"order": order_id})
    except UserError as error:
        if error.code != "job.makes":
            raise
    return 0


def job_of(connection: sa.Connection, order_id: str) -> Job | None:
    """The newest job about an order's copies."""
    return jobs.newest_making(connection, makes(order_id))
