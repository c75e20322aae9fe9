"""A trial signature: what a certificate and a key are worth is known when something was signed and read back."""

from __future__ import annotations

import struct
import zlib

from luokuan.colophon import c2pa_sign, xmp
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.store.keys import Signing


def try_signing(signing: Signing) -> None:
    """Sign one pixel, and read it back as those do who trust ``signing.root``. Nothing is kept.

    Raises:
        UserError: it can't be signed with this, or a verifier wouldn't accept it.
    """
    import c2pa

    claim = {
        "claim_generator_info": [{"name": "luokuan", "version": "trial"}],
        "assertions": [
            {
                "label": "c2pa.actions.v2",
                "data": {"actions": [{"action": "c2pa.created", "digitalSourceType": xmp.GENERATED}]},
            }
        ],
    }
    try:
        data = c2pa_sign.sign(_pixel(), "image/png", claim, signing)
    except c2pa.C2paError as error:
        raise _refused(str(error)) from error
    reading = c2pa_sign.read(data, "image/png", c2pa_sign.context(signing.root, signing.stamp_roots))
    if reading.state != "Trusted":
        raise _refused(", ".join(reading.failures) or reading.state)
    c2pa_sign.check_stamp(reading, signing)


def _refused(why: str) -> UserError:
    return UserError(
        _("Works that are signed with this certificate would not verify: {why}.", why=why),
        _("Ask its issuer for a certificate that signs C2PA manifests."),
        code="identity.unfit",
    )


def _pixel() -> bytes:
    """A PNG of one grey pixel."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    samples = zlib.compress(b"\0\x80")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", samples) + chunk(b"IEND", b"")
