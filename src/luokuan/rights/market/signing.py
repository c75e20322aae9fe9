"""Signatures of what payment providers say: HMAC-SHA-256 (RFC 2104) of time and body, in one header.

    t=1700000000,v1=HEX[,v1=HEX]

Several signatures stand there while a secret is being changed. What is older or newer than ``TOLERANCE`` is refused, so
that nobody keeps a message for later; the same message twice in that time is known by its id.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime

from luokuan.errors import UserError
from luokuan.i18n import _

HEADER = "luokuan-signature"
TOLERANCE = 300
"""Seconds."""
MOST = 8
"""Signatures in one header."""
_TIME = re.compile(r"t=([0-9]{1,12})", re.ASCII)


def sign(secret: bytes, body: bytes, at: datetime) -> str:
    """The header for a body that is sent now."""
    stamp = int(at.timestamp())
    return f"t={stamp},v1={_mac(secret, stamp, body)}"


def check(secret: bytes, body: bytes, header: str, now: datetime) -> None:
    """Refuse what the secret's owner didn't send, or not now.

    Raises:
        UserError: so it is.
    """
    first, *rest = header[:2000].split(",")
    found = _TIME.fullmatch(first.strip())
    stamp = int(found[1]) if found else 0
    wanted = _mac(secret, stamp, body)
    right = False
    for part in rest[:MOST]:
        given = part.strip().removeprefix("v1=").encode("utf-8", "replace")
        # All are compared, each in constant time.
        right |= hmac.compare_digest(given, wanted.encode())
    if found is None or not right:
        raise UserError(
            _("The signature of this message is wrong."), _("Sign it with the secret that both sides share."),
            code="webhook.signature",
        )  # fmt: skip
    if abs(now.timestamp() - stamp) > TOLERANCE:
        raise UserError(
            _("This message is too old, or comes from the future."),
            _("Send it again, with the time of now; look at the clocks of both sides."),
            code="webhook.time",
        )


def _mac(secret: bytes, stamp: int, body: bytes) -> str:
    return hmac.new(secret, f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
