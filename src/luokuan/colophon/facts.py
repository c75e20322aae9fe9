"""Facts about one file, without a judgement; they cross from the process that looks to the one that judges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

EXPIRED = "signingCredential.expired"
UNTRUSTED = "signingCredential.untrusted"
"""Codes of C2PA 2.4, section 15.2."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts about one file; JSON values only, so that they can cross to another process.

    Args:
        problem: Why the file could not be looked at: ``missing``, ``denied``, ``special``, ``large``, ``format``,
            or, from the parent, ``crashed``, ``time``; None when it could.
        media_type: By its first bytes.
        sha256: Of all bytes.
        damaged: Whether the container is damaged or cut short.
        state: Of the manifest, see ``c2pa_sign.Reading``; ``Trusted`` means: under one of the anchors.
        home: Whether the anchor was the home's, and nothing failed.
        own: Whether the signature over the claim holds and its signer is one of the home's, whatever else failed: then
            the home has signed this manifest, for this file or another one.
        group: Name of the group of anchors under which the signer is, see ``trust.Group``.
        failures: Codes of failed checks.
        serial: The signer's certificate's serial number, in decimal.
        chain: The certificates in a signature that is trusted or the home's, DER in hexadecimal, the signer's first.
        stamped: Whether a time-stamp of a trusted authority holds.
        validity: When the signer's certificate begins and ends to be valid, where it isn't now.
        claim: Fields of ``manifest.Claim``.
        aigc: The AIGC label, when it follows the standard.
        aigc_problem: Code of what is wrong with the label or its packet, when something is.
        source: IPTC digital source type.
        mark: The work's id in the explicit label at the end of a text.
        history: Fields of ``history.Step``: what the manifest says that the file was made from.
        proof: What the proof beside the file speaks of: ``origin``, ``size``, ``index``, ``key``, ``kind``, ``time``,
            ``sha256``.
        proof_problem: ``proof.invalid``: it is none; ``proof.unsound``: it doesn't hold.
        fingerprint: What to look it up by, see ``fingerprint.glance``; None where nobody asked for it.
        beside: SHA-256 of the manifest beside it.
        trace: What a search for a watermark needs of its samples, base 64, see ``watermark.marking.Marker.trace``; None
            when nobody is to look, or when somebody has.
        watermark: Fields of ``watermark.finding.Finding`` about its samples; None when nobody looked for a mark.
        unseen: Whether its samples were to be looked at and could not be decoded, or killed the process that tried.
    """

    problem: str | None = None
    media_type: str | None = None
    sha256: str | None = None
    damaged: bool = False
    state: str = "Absent"
    home: bool = False
    own: bool = False
    group: str | None = None
    failures: tuple[str, ...] = ()
    serial: str | None = None
    chain: tuple[str, ...] = ()
    stamped: bool = False
    validity: Sequence[str] | None = None
    claim: Mapping[str, Any] | None = None
    aigc: Mapping[str, str] | None = None
    aigc_problem: str | None = None
    source: str | None = None
    mark: str | None = None
    history: tuple[Mapping[str, Any], ...] = ()
    proof: Mapping[str, Any] | None = None
    proof_problem: str | None = None
    fingerprint: Mapping[str, Any] | None = None
    beside: str | None = None
    trace: str | None = None
    watermark: Mapping[str, Any] | None = None
    unseen: bool = False

    @property
    def valid_from(self) -> str | None:
        """When the signer's certificate begins to be valid, where that still lies ahead."""
        if self.validity is None or datetime.fromisoformat(self.validity[0]) <= datetime.now(UTC):
            return None
        return self.validity[0]
