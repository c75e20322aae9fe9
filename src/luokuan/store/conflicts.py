"""Two who change one thing: the second is told, and keeps what they typed."""

from __future__ import annotations

from luokuan.errors import UserError
from luokuan.i18n import _


def changed_meanwhile(code: str) -> UserError:
    """What was to be changed isn't any more what it was when somebody looked at it (409)."""
    return UserError(
        _("Somebody has changed this meanwhile, maybe you in another tab."),
        _("What you typed is still here. Compare it with what is there now, and save it again."),
        code=code,
        status=409,
    )
