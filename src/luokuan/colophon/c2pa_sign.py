"""Signing and reading C2PA manifests with c2pa-rs. Offline: nothing in a file can make us fetch anything."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import c2pa

from luokuan.colophon.facts import EXPIRED, UNTRUSTED
from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.store.keys import Signing


_SIGNERS = "user_anchors"
"""The list in which signers are looked up. c2pa-rs trusts signers of its other list as well, which holds the roots of
time-stamp authorities here; it says in which list it found one."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What c2pa-rs found.

    Args:
        state: ``Trusted``, ``Valid`` (unchanged, unknown signer), ``Invalid``; ``Absent``: no manifest; ``Remote``:
            it is said to lie elsewhere; ``Broken``: the manifest or the file around it can't be parsed.
        failures: Codes of the failed checks (C2PA 2.4, section 15.2), sorted.
        store: The reader's JSON; empty when there is nothing to read.
        stamped: Whether a time-stamp of a trusted authority holds.
        serial: The signer's certificate's serial number, in decimal.
        valid_from: When that certificate begins to be valid, where that still lies ahead; ISO 8601.
    """

    state: str
    failures: tuple[str, ...]
    store: Mapping[str, Any]
    stamped: bool = False
    serial: str | None = None
    valid_from: str | None = None


def context(anchors: bytes = b"", stamp_anchors: bytes = b"") -> c2pa.Context:
    """A context that trusts signers under ``anchors``, time-stamps under either (PEM certificates), and nobody else."""
    settings: dict[str, Any] = {
        "verify": {
            "verify_trust": True,
            # finish() reads back what it signed, by its own step.
            "verify_after_sign": False,
            # A file may name an address for its manifest or for revocation: it would choose whom we call.
            "remote_manifest_fetch": False,
            "ocsp_fetch": False,
        },
        # Thumbnails took a 15 KB picture to 709 KB.
        "builder": {"thumbnail": {"enabled": False}},
    }
    trust = {_SIGNERS: anchors, "trust_anchors": stamp_anchors}
    if anchors or stamp_anchors:
        settings["trust"] = {name: pem.decode("ascii") for name, pem in trust.items() if pem}
    return c2pa.Context(c2pa.Settings.from_dict(settings))


def sign(data: bytes, media_type: str, manifest: Mapping[str, Any], signing: Signing) -> bytes:
    """The file with ``manifest`` embedded and signed. Anything that changes the file later breaks it.

    Raises:
        UserError: the time-stamp authority gives no time-stamp, or the callback that signs fails.
    """

    def embedded(signer: c2pa.Signer, builder: c2pa.Builder) -> bytes:
        out = io.BytesIO()
        builder.sign(signer, media_type, io.BytesIO(data), out)
        return out.getvalue()

    return _signed(embedded, manifest, signing)


def sign_beside(data: bytes, media_type: str, manifest: Mapping[str, Any], signing: Signing) -> bytes:
    """The signed manifest alone, for a file that can't hold it; it is bound to the file's bytes.

    Raises:
        UserError: as ``sign``.
    """

    def beside(signer: c2pa.Signer, builder: c2pa.Builder) -> bytes:
        builder.set_no_embed()
        return bytes(builder.sign(signer, media_type, io.BytesIO(data), io.BytesIO()))

    return _signed(beside, manifest, signing)


def check_stamp(reading: Reading, signing: Signing) -> None:
    """Refuse a signature that was to be time-stamped, and whose time-stamp doesn't hold.

    Raises:
        UserError: it doesn't: of another authority, or about other data.
    """
    if signing.stamp_url and not reading.stamped:
        raise _no_stamp(signing.stamp_url, _("its time-stamp doesn't hold under the root that was given for it"))


def _signed(make: Callable[[c2pa.Signer, c2pa.Builder], bytes], manifest: Mapping[str, Any], signing: Signing) -> bytes:
    try:
        return _once(make, manifest, signing, signing.stamp_url)
    except c2pa.C2paError as error:
        if not signing.stamp_url:
            raise
        _once(make, manifest, signing, "")  # raises where the authority isn't to blame; the result is thrown away
        raise _no_stamp(signing.stamp_url, str(error)) from error


def _once(
    make: Callable[[c2pa.Signer, c2pa.Builder], bytes], manifest: Mapping[str, Any], signing: Signing, stamp_url: str
) -> bytes:
    failed: list[Exception] = []
    with (
        _signer(signing, stamp_url, failed) as signer,
        c2pa.Builder(dict(manifest), context=context(signing.root)) as builder,
    ):
        try:
            return make(signer, builder)
        except c2pa.C2paError as error:
            if not failed:
                raise
            raise UserError(
                _("The callback that signs failed: {reason}.", reason=failed[0]),
                _("Check the device or service that holds the key."),
                code="identity.callback",
            ) from error


@contextlib.contextmanager
def _signer(signing: Signing, stamp_url: str, failed: list[Exception]) -> Iterator[c2pa.Signer]:
    if signing.callback is None:
        url = stamp_url.encode("ascii") or None
        info = c2pa.C2paSignerInfo(signing.algorithm.encode("ascii"), signing.chain, signing.key, url)
        with c2pa.Signer.from_info(info) as signer:
            yield signer
        return

    def call(data: bytes) -> bytes:
        assert signing.callback is not None
        try:
            return signing.callback(data)
        except Exception as error:  # the binding would pass over it
            failed.append(error)
            raise

    algorithm = c2pa.C2paSigningAlg[signing.algorithm.upper()]
    with c2pa.Signer.from_callback(call, algorithm, signing.chain.decode("ascii"), stamp_url or None) as signer:
        yield signer


def _no_stamp(url: str, why: str) -> UserError:
    from luokuan.store.stamps import unreachable

    return unreachable(url, why)


def read(data: bytes, media_type: str, trust: c2pa.Context, beside: bytes | None = None) -> Reading:
    """Read and check the manifest in ``data``, or ``beside`` it. Never raises for what is in the files."""
    try:
        with c2pa.Reader(media_type, io.BytesIO(data), manifest_data=beside, context=trust) as reader:
            state = str(reader.get_validation_state())
            store = json.loads(reader.json())
            failures = _codes(store, "failure")
            valid_from = _valid_from(reader, store) if EXPIRED in failures else None
    except c2pa.C2paError.ManifestNotFound:
        return Reading("Absent", (), {})
    except (c2pa.C2paError, ValueError, RecursionError) as error:
        # The binding has no class of its own for this one; its messages begin with the kind.
        return Reading("Remote" if str(error).startswith("Remote") else "Broken", (), {})
    if state == "Trusted" and not _among_signers(store):
        # Found among the authorities whose clocks are trusted, not their signatures.
        state, failures = "Valid", tuple(sorted({*failures, UNTRUSTED}))
    return Reading(state, failures, store, "timeStamp.trusted" in _codes(store, "success"), _serial(store), valid_from)


def _results(store: Any) -> Mapping[str, Any]:
    results = store.get("validation_results") if isinstance(store, Mapping) else None
    return results if isinstance(results, Mapping) else {}


def _items(store: Any, kind: str) -> list[Mapping[str, Any]]:
    active = _results(store).get("activeManifest")
    found = active.get(kind) if isinstance(active, Mapping) else None
    return [item for item in found or () if isinstance(item, Mapping)]


def _codes(store: Any, kind: str) -> tuple[str, ...]:
    return tuple(sorted({str(item.get("code")) for item in _items(store, kind)}))


def _among_signers(store: Any) -> bool:
    """Whether the signer of the active manifest was found in the list of signers. The reader's ``trustListUri`` won't
    do: it is about whichever manifest was checked last, an ingredient's for instance. An unknown wording means no."""
    return any(
        f"[{_SIGNERS}]" in str(item.get("explanation"))
        for item in _items(store, "success")
        if item.get("code") == "signingCredential.trusted"
    )


def _serial(store: Any) -> str | None:
    try:
        serial = store["manifests"][store["active_manifest"]]["signature_info"]["cert_serial_number"]
    except (KeyError, TypeError):
        return None
    return serial if isinstance(serial, str) and serial.isascii() and serial.isdecimal() and len(serial) < 60 else None


def _valid_from(reader: c2pa.Reader, store: Any) -> str | None:
    """Of "not valid at this time" c2pa-rs makes "expired", whichever end of the certificate's life is meant."""
    try:
        manifests = json.loads(reader.crjson())["manifests"]
        active = next(found for found in manifests if found["label"] == store["active_manifest"])
        begin = datetime.fromisoformat(active["signature"]["certificateInfo"]["validity"]["notBefore"])
        return begin.isoformat() if begin > datetime.now(UTC) else None
    except (c2pa.C2paError, ValueError, LookupError, TypeError, StopIteration, RecursionError):
        return None
