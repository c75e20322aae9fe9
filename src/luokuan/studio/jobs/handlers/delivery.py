"""Copies for buyers: what was bought is finished again from the master, outside of any request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from luokuan.studio.jobs.kinds import Brief, Kind, register

if TYPE_CHECKING:
    from luokuan.studio.jobs.context import Context

NAME = "market.deliver"


class DeliveryBrief(Brief):
    """Whose copies: the order's id."""

    order: str = Field(min_length=1, max_length=64)


def deliver(context: Context, brief: DeliveryBrief) -> dict[str, Any]:
    """Make the copies that aren't there yet. Each comes to be in one transaction with the word that its licence was
    delivered: an attempt that is killed, or that another one overtakes, leaves each copy once or not at all."""
    from luokuan.rights.market import delivery

    return {"copies": delivery.deliver(brief.order, context.home, shared=context.database, check=context.check)}


def makes(order_id: str) -> str:
    """What only one live job is making."""
    return f"order:{order_id}"


register(
    Kind(
        name=NAME,
        brief=DeliveryBrief,
        run=deliver,
        makes=lambda brief: makes(brief.order),
        models=False,
        internal=True,
    )
)
