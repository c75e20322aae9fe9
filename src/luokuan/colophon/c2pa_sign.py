"""Signing and reading C2PA manifests with c2pa-rs. Offline: nothing in a file can make us fetch anything."""

from __future__ import annotations

import contextlib
import io
import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import c2pa

from luokuan.colophon import signer as signers
from luokuan.colophon.facts import EXPIRED, UNTRUSTED
from luokuan.errors import UserError
from luokuan.files import sha256_bytes
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.colophon.ingredients import Ingredient
    from luokuan.store.keys import Signing


MAX_MANIFEST = 16 << 20
"""Largest manifest, in bytes: history with it, of which a stranger's part may be large."""
MAX_BESIDE = 1 << 20
"""Largest manifest beside a file; larger ones aren't read by ``verify``."""
_SIGNERS = "user_anchors"
"""The list in which signers are looked up. c2pa-rs trusts signers of its other list as well, which holds the roots of
time-stamp authorities here; it says in which list it found one."""

_CLOCKS = "system_anchors"
"""What c2pa-rs calls the list ``trust_anchors``, in which the authorities of time-stamps are looked up."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What c2pa-rs found.

    Args:
        state: ``Trusted``, ``Valid`` (unchanged, unknown signer), ``Invalid``; ``Absent``: no manifest; ``Remote``:
            it is said to lie elsewhere; ``Broken``: the manifest or the file around it can't be parsed.
        failures: Codes of the failed checks (C2PA 2.4, section 15.2), sorted.
        store: The reader's JSON; empty when there is nothing to read.
        stamped: Whether a time-stamp holds, of an authority under the roots for time. That a signer is trusted makes
            nobody's clock right: whoever stole an authority could let one under it stamp any time.
        serial: The signer's certificate's serial number, in decimal.
        chain: The certificates in the signature, DER, the signer's first; empty where they can't be told.
        validity: When that certificate begins and ends to be valid, where it isn't now; ISO 8601.
        holds: Whether the signature over the claim holds, and its signer is trusted, whatever else failed.
    """

    state: str
    failures: tuple[str, ...]
    store: Mapping[str, Any]
    stamped: bool = False
    serial: str | None = None
    chain: tuple[bytes, ...] = ()
    validity: tuple[str, str] | None = None
    holds: bool = False

    @property
    def leaf(self) -> str | None:
        """SHA-256 of the signer's certificate; None where it can't be told."""
        return sha256_bytes(self.chain[0]) if self.chain else None


def context(anchors: bytes = b"", stamp_anchors: bytes = b"") -> c2pa.Context:
    """A context that trusts signers under ``anchors``, time-stamps under ``stamp_anchors`` (PEM certificates), and
    nobody else; what c2pa-rs trusts beyond that, ``read`` takes back."""
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


def sign(
    data: bytes,
    media_type: str,
    manifest: Mapping[str, Any],
    signing: Signing,
    ingredients: Sequence[Ingredient] = (),
) -> bytes:
    """The file with ``manifest`` embedded and signed. Anything that changes the file later breaks it.

    Args:
        data: The file.
        media_type: Its type.
        manifest: What is signed; it calls its ingredients by ``ingredient_id``.
        signing: With which key.
        ingredients: What the file was made from; with their own manifests, so that no history is lost.

    Raises:
        UserError: the time-stamp authority gives no time-stamp, the callback that signs fails, an ingredient's manifest
            can't be taken over, or all of them are too large.
    """

    def embedded(signer: c2pa.Signer, builder: c2pa.Builder) -> bytes:
        out = io.BytesIO()
        builder.sign(signer, media_type, io.BytesIO(data), out)
        return out.getvalue()

    signed = _signed(embedded, manifest, signing, ingredients)
    _check_size(len(signed) - len(data), MAX_MANIFEST)
    return signed


def sign_beside(
    data: bytes,
    media_type: str,
    manifest: Mapping[str, Any],
    signing: Signing,
    ingredients: Sequence[Ingredient] = (),
) -> bytes:
    """The signed manifest alone, for a file that can't hold it; it is bound to the file's bytes. See ``sign``."""

    def beside(signer: c2pa.Signer, builder: c2pa.Builder) -> bytes:
        builder.set_no_embed()
        return bytes(builder.sign(signer, media_type, io.BytesIO(data), io.BytesIO()))

    signed = _signed(beside, manifest, signing, ingredients)
    _check_size(len(signed), MAX_BESIDE)
    return signed


def _check_size(size: int, most: int) -> None:
    if size > most:
        raise UserError(
            _(
                "The history of the work is too long: its manifest would have {count} bytes; {most} at most.",
                count=size,
                most=most,
            ),
            _("Start from an earlier work or file."),
            code="manifest.size",
            status=413,
        )


def ingredient_id(place: int) -> str:
    """What a manifest calls its ingredient number ``place`` while it is built."""
    return f"ingredient-{place}"


def _add(builder: c2pa.Builder, ingredients: Sequence[Ingredient], signing: Signing) -> None:
    for place, one in enumerate(ingredients):
        about: dict[str, Any] = {
            "title": one.name,
            "format": one.media_type,
            "relationship": one.role,
            "label": ingredient_id(place),
            "instance_id": f"xmp:iid:{uuid.uuid4()}",
        }
        if one.beside is not None:
            # The library looks for a manifest inside files only: here it gets that, and what a reader says of it.
            reading = read(one.data, one.media_type, context(signing.root), one.beside)
            about["manifest_data"] = {"format": "application/c2pa", "identifier": f"manifest-{place}"}
            about |= {name: reading.store.get(name) for name in ("active_manifest", "validation_results")}
            builder.add_resource(f"manifest-{place}", io.BytesIO(one.beside))
        builder.add_ingredient(about, one.media_type, io.BytesIO(one.data))


@contextlib.contextmanager
def _carrying(ingredients: Sequence[Ingredient]) -> Iterator[None]:
    """What the library says while it carries over manifests of strangers is about these."""
    try:
        yield
    except c2pa.C2paError as error:
        for one in ingredients:
            if one.credentials and one.work_id is None:
                raise UserError(
                    _("The credentials of {path} can't be read, so they can't be kept.", path=one.title),
                    _("Get a copy from its maker."),
                    code="ingredient.credentials",
                ) from error
        raise


def check_stamp(reading: Reading, signing: Signing) -> None:
    """Refuse a signature that was to be time-stamped, and whose time-stamp doesn't hold.

    Raises:
        UserError: it doesn't: of another authority, or about other data.
    """
    if signing.stamp_url and not reading.stamped:
        raise _no_stamp(signing.stamp_url, _("its time-stamp doesn't hold under the root that was given for it"))


def _signed(
    make: Callable[[c2pa.Signer, c2pa.Builder], bytes],
    manifest: Mapping[str, Any],
    signing: Signing,
    ingredients: Sequence[Ingredient],
) -> bytes:
    with _carrying(ingredients):
        try:
            return _once(make, manifest, signing, ingredients, signing.stamp_url)
        except c2pa.C2paError as error:
            if not signing.stamp_url:
                raise
            # Raises where the authority isn't to blame; the result is thrown away.
            _once(make, manifest, signing, ingredients, "")
            raise _no_stamp(signing.stamp_url, str(error)) from error


def _once(
    make: Callable[[c2pa.Signer, c2pa.Builder], bytes],
    manifest: Mapping[str, Any],
    signing: Signing,
    ingredients: Sequence[Ingredient],
    stamp_url: str,
) -> bytes:
    failed: list[Exception] = []
    with (
        _signer(signing, stamp_url, failed) as signer,
        c2pa.Builder(dict(manifest), context=context(signing.root)) as builder,
    ):
        _add(builder, ingredients, signing)
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
            validity = _validity(reader, store) if EXPIRED in failures else None
            chain = _chain(reader, store)
            stamped, strange = _stamps(store)
            if state == "Trusted" and strange and not _is_now(found := _validity(reader, store)):
                # Only somebody else's word on the time made it count.
                state, failures, validity = "Invalid", tuple(sorted({*failures, EXPIRED})), found
    except c2pa.C2paError.ManifestNotFound:
        return Reading("Absent", (), {})
    except (c2pa.C2paError, ValueError, RecursionError) as error:
        # The binding has no class of its own for this one; its messages begin with the kind.
        return Reading("Remote" if str(error).startswith("Remote") else "Broken", (), {})
    if state == "Trusted" and not _among_signers(store):
        # Found among the authorities whose clocks are trusted, not their signatures.
        state, failures = "Valid", tuple(sorted({*failures, UNTRUSTED}))
    passed = _codes(store, "success")
    return Reading(
        state=state,
        failures=failures,
        store=store,
        stamped=stamped,
        serial=_serial(store),
        chain=chain,
        validity=validity,
        holds="claimSignature.validated" in passed and _among_signers(store),
    )


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


def _stamps(store: Any) -> tuple[bool, bool]:
    """Whether its time-stamps hold under the roots for time; and whether one holds under those for signers alone.

    What decides is the end of a sentence of c2pa-rs, for a certificate's name stands before it. An unknown wording,
    and a stamp among them that doesn't hold, mean no: it isn't said whose time the reader took.
    """
    told = [item for kind in ("success", "informational", "failure") for item in _items(store, kind)]
    count = {name: sum(item.get("code") == f"timeStamp.{name}" for item in told) for name in ("validated", "trusted")}
    every = sum(str(item.get("code")).startswith("timeStamp.") for item in told)
    trusted = [str(item.get("explanation")) for item in told if item.get("code") == "timeStamp.trusted"]
    ours = [text.endswith(f"trust list: {_CLOCKS}") for text in trusted]
    whole = count["validated"] == count["trusted"] and every == 2 * count["trusted"]
    return bool(ours) and all(ours) and whole, not all(ours)


def _is_now(validity: tuple[str, str] | None) -> bool:
    if validity is None:
        return False
    begin, end = (datetime.fromisoformat(text) for text in validity)
    return begin <= datetime.now(UTC) <= end


def _serial(store: Any) -> str | None:
    try:
        serial = store["manifests"][store["active_manifest"]]["signature_info"]["cert_serial_number"]
    except (KeyError, TypeError):
        return None
    return serial if isinstance(serial, str) and serial.isascii() and serial.isdecimal() and len(serial) < 60 else None


def _chain(reader: c2pa.Reader, store: Any) -> tuple[bytes, ...]:
    label = store.get("active_manifest") if isinstance(store, Mapping) else None
    if not isinstance(label, str) or not signers.LABEL.fullmatch(label):
        return ()
    found = io.BytesIO()
    try:
        # Of a manifest's address the library makes the bytes of the whole store.
        reader.resource_to_stream(f"self#jumbf=/c2pa/{label}", found)
        return signers.chain_in(found.getvalue(), label)
    except (c2pa.C2paError, ValueError):
        return ()


def _validity(reader: c2pa.Reader, store: Any) -> tuple[str, str] | None:
    """Of "not valid at this time" c2pa-rs makes "expired", whichever end of the certificate's life is meant."""
    try:
        manifests = json.loads(reader.crjson())["manifests"]
        active = next(found for found in manifests if found["label"] == store["active_manifest"])
        found = active["signature"]["certificateInfo"]["validity"]
        begin, end = (datetime.fromisoformat(found[name]).astimezone(UTC) for name in ("notBefore", "notAfter"))
        return begin.isoformat(), end.isoformat()
    except (c2pa.C2paError, ValueError, LookupError, TypeError, StopIteration, RecursionError):
        return None
