"""Signing and reading C2PA manifests with c2pa-rs. Offline: nothing in a file can make us fetch anything."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import c2pa

if TYPE_CHECKING:
    from luokuan.store.keys import Signing


@dataclass(frozen=True, slots=True)
class Reading:
    """What c2pa-rs found.

    Args:
        state: ``Trusted``, ``Valid`` (unchanged, unknown signer), ``Invalid``; ``Absent``: no manifest; ``Remote``:
            it is said to lie elsewhere; ``Broken``: the manifest or the file around it can't be parsed.
        failures: Codes of the failed checks (C2PA 2.4, section 15.2), sorted.
        store: The reader's JSON; empty when there is nothing to read.
    """

    state: str
    failures: tuple[str, ...]
    store: Mapping[str, Any]


def context(anchors: bytes = b"") -> c2pa.Context:
    """A context that trusts signers under ``anchors`` (PEM certificates) and nobody else."""
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
    if anchors:
        settings["trust"] = {"user_anchors": anchors.decode("ascii")}
    return c2pa.Context(c2pa.Settings.from_dict(settings))


def sign(data: bytes, media_type: str, manifest: Mapping[str, Any], signing: Signing) -> bytes:
    """The file with ``manifest`` embedded and signed (ES256). Anything that changes the file later breaks it."""
    info = c2pa.C2paSignerInfo(b"es256", signing.chain, signing.key, None)
    out = io.BytesIO()
    with (
        c2pa.Signer.from_info(info) as signer,
        c2pa.Builder(dict(manifest), context=context(signing.root)) as builder,
    ):
        builder.sign(signer, media_type, io.BytesIO(data), out)
    return out.getvalue()


def sign_beside(data: bytes, media_type: str, manifest: Mapping[str, Any], signing: Signing) -> bytes:
    """The signed manifest alone, for a file that can't hold it; it is bound to the file's bytes."""
    info = c2pa.C2paSignerInfo(b"es256", signing.chain, signing.key, None)
    with (
        c2pa.Signer.from_info(info) as signer,
        c2pa.Builder(dict(manifest), context=context(signing.root)) as builder,
    ):
        builder.set_no_embed()
        return bytes(builder.sign(signer, media_type, io.BytesIO(data), io.BytesIO()))


def read(data: bytes, media_type: str, trust: c2pa.Context, beside: bytes | None = None) -> Reading:
    """Read and check the manifest in ``data``, or ``beside`` it. Never raises for what is in the files."""
    try:
        with c2pa.Reader(media_type, io.BytesIO(data), manifest_data=beside, context=trust) as reader:
            state = str(reader.get_validation_state())
            store = json.loads(reader.json())
    except c2pa.C2paError.ManifestNotFound:
        return Reading("Absent", (), {})
    except (c2pa.C2paError, ValueError, RecursionError) as error:
        # The binding has no class of its own for this one; its messages begin with the kind.
        return Reading("Remote" if str(error).startswith("Remote") else "Broken", (), {})
    return Reading(state, _failures(store), store)


def _failures(store: Any) -> tuple[str, ...]:
    results = store.get("validation_results") if isinstance(store, Mapping) else None
    active = results.get("activeManifest") if isinstance(results, Mapping) else None
    failed = active.get("failure") if isinstance(active, Mapping) else None
    return tuple(sorted({str(item.get("code")) for item in failed or () if isinstance(item, Mapping)}))
