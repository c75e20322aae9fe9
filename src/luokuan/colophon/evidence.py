"""Sentences for people: what a verdict rests on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from luokuan.colophon.facts import Facts
from luokuan.colophon.fingerprint.evidence import about_fingerprint
from luokuan.colophon.formats import SOUNDS, known_endings
from luokuan.colophon.schema import COLOPHON_SCHEMA
from luokuan.colophon.trust import about_certificate
from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.colophon.findings import Findings, Heard


WORDS = ("file", "signature", "manifest", "label", "records", "log", "watermark", "fingerprint")
"""What evidence speaks of, in the order in which it is told."""


def word_for(about: str) -> str:
    """One of ``WORDS``, for people."""
    return {
        "file": _("file"),
        "signature": _("signature"),
        "manifest": _("manifest"),
        "label": _("AI label"),
        "records": _("records"),
        "log": _("log"),
        "watermark": _("watermark"),
        "fingerprint": _("fingerprint"),
        "chain": _("chain"),  # told by who asks one: `rights.chain`
    }[about]


def _problem(facts: Facts) -> str:
    return {
        "missing": _("There is no such file."),
        "denied": _("It can't be opened."),
        "special": _("It isn't a regular file."),
        "large": _("It is larger than the limit for checking."),
        "format": _(
            "It is none of the kinds that can be checked ({formats}), whatever its name says.", formats=known_endings()
        ),
        "crashed": _("It made the program that read it fail: it is damaged, or made to do harm."),
        "time": _("Reading it took longer than the limit: it is damaged, or made to do harm."),
        None: _("It begins like a file that can be checked, but it is damaged or cut short."),
    }[facts.problem]


def evidence_of(word: str, facts: Facts, found: Findings) -> list[tuple[str, str]]:
    """What a verdict rests on: pairs of one of ``WORDS`` and a sentence."""
    if word == "unreadable":
        return [("file", _problem(facts))]
    told = {
        "file": [_("The file is damaged or cut short.")] if facts.damaged else [],
        "signature": _about_signature(word, facts, found) + about_certificate(facts, found.revoked) + [*found.lists],
        "manifest": _about_claim(facts),
        "label": _about_labels(facts),
        "records": _about_records(word, facts, found),
        "log": [*_in_time(found), *found.logged],
        "watermark": [*_about_samples(facts, found), *_about_words(found.heard)],
        "fingerprint": [*_about_likeness(facts, found), *about_fingerprint(facts.fingerprint, found.alike)],
    }
    return [(about, sentence) for about in WORDS for sentence in told[about]]


def _about_signature(word: str, facts: Facts, found: Findings) -> list[str]:
    lines = []
    signer = (facts.claim or {}).get("signer")
    if word == "ours":
        lines.append(_("Signed with this home's own key, as {signer}.", signer=signer))
    elif word == "trusted":
        lines.append(_("Signed by {signer}, under a root that you gave.", signer=signer))
    elif word == "expired_in_time":
        lines.append(_("Signed by this home, as {signer}, with a certificate that has expired.", signer=signer))
    elif facts.own and word in ("ours_changed", "altered"):
        lines.append(_("Its manifest was signed with this home's own key, as {signer}.", signer=signer))
        if not facts.damaged:
            lines.append(_("What was signed then isn't what is here now."))
        if word == "altered":
            lines.append(
                _(
                    "A manifest can be copied into any file, and nothing else shows that this one was a work of "
                    "this home."
                )
            )
    elif signer is not None:
        lines.append(_("The signature names {signer}, a name that anybody can choose.", signer=signer))
    if facts.state == "Broken":
        lines.append(_("There is a signed manifest, but it can't be read."))
    elif facts.state == "Remote":
        lines.append(_("It says that its manifest lies at an address on the net; nothing was fetched from there."))
    if word in ("altered", "ours_changed") and facts.failures:
        lines.append(_("Failed checks: {codes}.", codes=", ".join(facts.failures)))
    vouched = word in ("ours", "trusted", "expired_in_time")
    if facts.claim is not None and not vouched:
        lines.append(_("What follows is what the file says; nobody vouches for it."))
    return lines


def _about_rights(claim: Mapping[str, Any]) -> list[str]:
    lines = []
    if claim.get("work"):
        lines.append(_("Work {id}; licence: {licence}.", id=claim["work"], licence=claim.get("licence") or "?"))
    if claim.get("credit"):
        lines.append(_("To be named: {credit}.", credit=claim["credit"]))
    return lines


def _about_claim(facts: Facts) -> list[str]:
    claim = facts.claim or {}
    lines = []
    if claim.get("model"):
        values = {"model": claim["model"], "digest": claim["model_digest"] or "?"}
        if claim.get("purpose") == "edited":
            lines.append(_("Changed by the model {model} (digest {digest}).", **values))
        else:
            lines.append(_("Made by the model {model} (digest {digest}).", **values))
    elif claim.get("source"):
        lines.append(_("Its manifest gives the digital source type {source}.", source=claim["source"]))
    if claim.get("stamped") and facts.stamped:
        lines.append(_("A time-stamp authority saw it at {time}.", time=claim["stamped"]))
    elif claim.get("stamped"):
        lines.append(
            _("A time-stamp says {time}, but nobody whom you trust vouches for its authority.", time=claim["stamped"])
        )
    if claim.get("created"):
        lines.append(_("Made at {time}, by the signer's clock.", time=claim["created"]))
    lines += _about_rights(claim)
    if facts.history:
        count = len(facts.history)
        lines.append(_("Files that came before it, by its manifest: {count} (see `luokuan lineage`).", count=count))
    if claim.get("explicit_label"):
        lines.append(_about_explicit(facts, claim["explicit_label"]))
    if claim.get("waived"):
        lines.append(_("Its maker waived the explicit label."))
    if (claim.get("schema") or 0) > COLOPHON_SCHEMA:
        lines.append(_("Its colophon is newer than this version of Luokuan, which may not know all that it says."))
    return lines


def _about_explicit(facts: Facts, label: str) -> str:
    if facts.media_type in {row.media_type for row in SOUNDS}:
        return _(
            "The signer says that '{label}' is heard at its start; no program has listened, please hear for yourself.",
            label=label,
        )
    return _(
        "The signer says that '{label}' is written on it; no program has looked, please see for yourself.", label=label
    )


def _about_labels(facts: Facts) -> list[str]:
    lines = []
    if facts.aigc is not None:
        values = {"producer": facts.aigc["ContentProducer"], "id": facts.aigc["ProduceID"]}
        lines.append(
            {
                "1": _("AIGC label: generated by AI; producer {producer}, number {id}.", **values),
                "2": _("AIGC label: may be generated by AI; producer {producer}, number {id}.", **values),
                "3": _("AIGC label: suspected to be generated by AI; producer {producer}, number {id}.", **values),
            }[facts.aigc["Label"]]
        )
        work = (facts.claim or {}).get("work")
        if facts.aigc["ContentPropagator"]:
            passer = {"propagator": facts.aigc["ContentPropagator"], "id": facts.aigc["PropagateID"]}
            lines.append(_("AIGC label: passed on by {propagator}, number {id}.", **passer))
        if work is not None and work not in (facts.aigc["ProduceID"], facts.aigc["PropagateID"]):
            lines.append(_("The AIGC label and the signed manifest name different works."))
    elif facts.aigc_problem == "aigc.invalid":
        lines.append(_("It has an AIGC label that doesn't follow GB 45438-2025."))
    elif facts.aigc_problem is not None:
        lines.append(_("Its label metadata can't be read."))
    if facts.mark is not None:
        lines.append(_("Its last line says that AI made it, as the work {id}.", id=facts.mark))
    if facts.source is not None:
        lines.append(_("IPTC digital source type: {source}.", source=facts.source))
    return lines


def counted(heard: Heard) -> dict[str, Any]:
    """What was heard in a text, as JSON values."""
    return {
        "marked": heard.marked,
        "tokens": heard.tokens,
        "green": heard.green,
        "z": round(heard.z, 2),
        "chance": heard.chance,
    }


def _about_words(heard: Heard | None) -> list[str]:
    """On the watermark in the words of a text."""
    if heard is None:
        return []
    values = {"green": heard.green, "tokens": heard.tokens, "z": f"{heard.z:.1f}", "chance": f"{heard.chance:.0e}"}
    if not heard.enough:
        return [_("Its words are too few to tell whether they carry this home's watermark: {tokens} tokens.", **values)]
    if heard.marked:
        return [
            _(
                "Its words carry this home's watermark: {green} of {tokens} tokens (z = {z}; by chance {chance}).",
                **values,
            )
        ]
    return [_("Its words don't show this home's watermark: {green} of {tokens} tokens (z = {z}).", **values)]


def _about_samples(facts: Facts, findings: Findings) -> list[str]:
    """On the watermark in samples."""
    if facts.unseen:
        return [_("Its samples could not be looked at: they can't be decoded, or made the program fail that tried.")]
    found = facts.watermark
    if found is None:
        return []
    values = {"z": f"{found['z']:.1f}", "threshold": f"{found['threshold']:.1f}", "chance": f"{found['chance']:.0e}"}
    if found["problem"] == "small":
        return [_("It is too small, or too silent, to carry this home's invisible watermark.")]
    if found["problem"] is not None:
        return [_("It is too large to look for this home's invisible watermark.")]
    if not found["marked"]:
        return [_("This home's invisible watermark was not found (z = {z}; found from {threshold} on).", **values)]
    if found["id"] is None:
        return [
            _(
                "It carries this home's invisible watermark (z = {z}; by chance {chance}); its number can't be read.",
                **values,
            )
        ]
    lines = [
        _(
            "It carries this home's invisible watermark, that of the work {id} (z = {z}; by chance {chance}).",
            id=found["id"],
            **values,
        )
    ]
    if findings.marked is None and not findings.same and not isinstance(findings.record, UserError):
        lines.append(_("This home's records hold no work of that number."))
    return lines


def _about_records(word: str, facts: Facts, found: Findings) -> list[str]:
    record = found.record
    if isinstance(record, UserError):
        return [_("This home's records could not be looked at: {what}", what=record.what)]
    if record is None:
        return [_("This home signed it, but its records don't hold the work.")] if word == "ours" else []
    if found.same or record.blob_sha256 == facts.sha256:
        return [_("This home's records hold the work {id}, byte for byte.", id=record.id)]
    lines = [_("This home's records hold a work {id}, but with other bytes.", id=record.id)]
    if found.shared is not None:
        lines.append(_("Nearly all of those bytes are here too, in their places."))
    return lines


def _in_time(found: Findings) -> list[str]:
    if found.entered is None:
        return []
    return [
        _("This home's log says that it was entered at {time}, while the certificate was valid.", time=found.entered)
    ]


def _about_likeness(facts: Facts, found: Findings) -> list[str]:
    """On how the marked work and the file look, where a mark names one."""
    if found.marked is None or found.same:
        return []
    if found.unlike is True:
        return [_("It is unlike the work {id}, whose mark it carries.", id=found.marked)]
    if found.unlike is None:
        return [_("Whether it is like the work {id}, whose mark it carries, can't be told.", id=found.marked)]
    return []
