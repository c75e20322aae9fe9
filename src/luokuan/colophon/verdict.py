"""A verdict on one file, in a word for programs and in sentences for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from luokuan.colophon.facts import EXPIRED, UNTRUSTED, Facts
from luokuan.colophon.fingerprint.base import Alike
from luokuan.colophon.fingerprint.evidence import about_fingerprint
from luokuan.colophon.formats import SOUNDS, known_endings
from luokuan.colophon.schema import COLOPHON_SCHEMA
from luokuan.colophon.trust import about_certificate, reaches
from luokuan.errors import ExitCode, UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.store.revocation import Revocation
    from luokuan.store.works import WorkRow

EXIT_CODES: Mapping[str, ExitCode] = {
    "ours": ExitCode.DONE,
    "trusted": ExitCode.DONE,
    "unknown_signer": ExitCode.NOT_SO,
    "expired": ExitCode.NOT_SO,
    "revoked": ExitCode.NOT_SO,
    "altered": ExitCode.NOT_SO,
    "stripped": ExitCode.NOT_SO,
    "nothing_found": ExitCode.NOT_SO,
    "unreadable": ExitCode.USER,
}
"""Each verdict and its exit code, from the best to the worst."""


class Heard(Protocol):
    """What was heard of a watermark in a text."""

    @property
    def tokens(self) -> int:
        """What was counted."""
        ...

    @property
    def green(self) -> int:
        """How much of it speaks for the mark."""
        ...

    @property
    def chance(self) -> float:
        """Probability of so much by chance."""
        ...

    @property
    def z(self) -> float:
        """Standard deviations above what is expected."""
        ...

    @property
    def enough(self) -> bool:
        """Whether the text is long enough to tell."""
        ...

    @property
    def marked(self) -> bool:
        """Whether it carries the mark."""
        ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known about a file.

    Args:
        verdict: ``ours``: signed by this home, unchanged. ``trusted``: by somebody under a given root, unchanged.
            ``unknown_signer``: unchanged, but nobody vouches for the signer. ``expired``: the signer's certificate
            has run out (or isn't valid yet, by this clock), and no time-stamp shows when it was used.
            ``revoked``: the signer's certificate was revoked, and nothing shows that it was used before.
            ``altered``: changed after it was signed. ``stripped``: labelled as generated, or surely like a work of
            this home, but not signed. ``nothing_found``: neither. ``unreadable``: no file that could be looked at.
        path: The file.
        media_type: By its content, not its name.
        signer: Name in the signer's certificate.
        model: Name of the model, as signed.
        model_digest: Its SHA-256, as signed.
        created: When it was made, by the signer's clock, ISO 8601 UTC.
        stamped: When a time-stamp authority that is trusted saw it, ISO 8601 UTC.
        work: Work id, as signed; of a file without any, of the work that it surely is like.
        licence: Licence, as signed.
        label: The seven fields of the AIGC label.
        explicit_label: Words that the signer says are written on it. On pictures no program has looked for them.
        waived: Whether its maker has waived the explicit label, as signed.
        unchanged: Whether the bytes are those that were signed; None when that can't be known.
        trusted: Whether this home or a given root vouches for the signer.
        watermark: Of a text in which somebody listened: ``marked``, ``tokens``, ``green``, ``z`` and ``chance``.
        alike: The work of this home that it looks, reads or sounds like: fields of ``fingerprint.Alike``.
        summary: One sentence for people.
        evidence: Sentences for people: what the verdict rests on.
    """

    verdict: str
    path: Path
    media_type: str | None = None
    signer: str | None = None
    model: str | None = None
    model_digest: str | None = None
    created: str | None = None
    stamped: str | None = None
    work: str | None = None
    licence: str | None = None
    label: Mapping[str, str] | None = None
    explicit_label: str | None = None
    waived: bool = False
    unchanged: bool | None = None
    trusted: bool = False
    watermark: Mapping[str, Any] | None = None
    alike: Mapping[str, Any] | None = None
    summary: str = ""
    evidence: tuple[str, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        """0 ours or trusted, and unchanged; 1 checked and not so; 2 unreadable."""
        return EXIT_CODES[self.verdict]

    def to_json(self) -> dict[str, Any]:
        """The verdict as JSON values."""
        path = str(self.path).encode("utf-8", "replace").decode("utf-8")
        return {**asdict(self), "path": path, "evidence": list(self.evidence)}


def worst(verdicts: list[Verdict]) -> Verdict:
    """The worst of several verdicts, the first of equals."""
    order = list(EXIT_CODES)
    return max(reversed(verdicts), key=lambda verdict: order.index(verdict.verdict))


def slug(
    facts: Facts, heard: Heard | None = None, revoked: Sequence[Revocation] = (), alike: Alike | None = None
) -> str:
    """The verdict's word."""
    if facts.problem is not None:
        return "unreadable"
    if facts.damaged and facts.state in ("Trusted", "Valid"):
        return "altered"  # where no signature reaches: C2PA leaves padding inside its own chunk uncovered
    if facts.state == "Trusted" and any(reaches(entry, facts) for entry in revoked):
        return "revoked"
    if facts.state == "Trusted":
        return "ours" if facts.home else "trusted"
    if facts.state == "Valid":
        return "unknown_signer"
    if facts.state in ("Invalid", "Broken"):
        only_time = EXPIRED in facts.failures and set(facts.failures) <= {EXPIRED, UNTRUSTED}
        return "expired" if only_time else "altered"
    labels = (facts.aigc, facts.source, facts.mark)
    if any(label is not None for label in labels) or facts.aigc_problem == "aigc.invalid":
        return "stripped"
    if (heard is not None and heard.marked) or (alike is not None and alike.sure):
        return "stripped"
    return "unreadable" if facts.damaged else "nothing_found"


def judge(
    path: Path,
    facts: Facts,
    record: WorkRow | UserError | None,
    heard: Heard | None = None,
    revoked: Sequence[Revocation] = (),
    *,
    logged: Sequence[str] = (),
    alike: Alike | None = None,
) -> Verdict:
    """The verdict from the facts, from what was heard of a watermark, from revocations of the signer's certificate,
    from the work that the file is like, and from the home's row about the work that it names, if it has one; an error
    where the home's records can't be read, which takes nothing from what the signature says. ``logged``: sentences on
    what a transparency log says; they change no verdict."""
    word = slug(facts, heard, revoked, alike)
    by_look = word == "stripped" and slug(facts, heard, revoked) != "stripped"
    claim = facts.claim or {}
    return Verdict(
        verdict=word,
        path=path,
        media_type=facts.media_type,
        signer=claim.get("signer"),
        model=claim.get("model"),
        model_digest=claim.get("model_digest"),
        created=claim.get("created"),
        stamped=claim.get("stamped") if facts.stamped else None,
        work=claim.get("work") or (alike.work if by_look and alike is not None else None),
        licence=claim.get("licence"),
        label=facts.aigc,
        explicit_label=claim.get("explicit_label"),
        waived=claim.get("waived") is True,
        unchanged={"altered": False, "stripped": None, "nothing_found": None, "unreadable": None}.get(word, True),
        trusted=word in ("ours", "trusted"),
        watermark=None if heard is None else _counted(heard),
        alike=None if alike is None else asdict(alike),
        summary=_("Neither labelled nor signed, but like a work of this home.") if by_look else _summary(word, facts),
        evidence=(
            *_evidence(word, facts, record, revoked),
            *logged,
            *_about_watermark(heard),
            *about_fingerprint(facts.fingerprint, alike),
        ),
    )


def _summary(word: str, facts: Facts) -> str:
    if word == "expired" and facts.valid_from is not None:
        return _("By this machine's clock the signer's certificate isn't valid yet.")
    return {
        "ours": _("A work of this home, unchanged since it was signed."),
        "trusted": _("Signed by somebody whom you trust, and unchanged since."),
        "unknown_signer": _("Unchanged since it was signed, but nobody whom you trust vouches for the signer."),
        "expired": _("The signer's certificate has expired, and no time-stamp shows that it was valid when used."),
        "revoked": _("The signer's certificate was revoked, and no time-stamp shows that this was signed before."),
        "altered": _("Changed after it was signed, or its signature is damaged."),
        "stripped": _("Labelled as generated by AI, but not signed: the signature was removed, or never there."),
        "nothing_found": _("No label and no signature: nothing can be said about where it comes from."),
        "unreadable": _("This file can't be checked."),
    }[word]


def _problem(facts: Facts) -> str:
    return {
        "missing": _("There is no such file any more."),
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


def _evidence(word: str, facts: Facts, record: WorkRow | UserError | None, revoked: Sequence[Revocation]) -> list[str]:
    if word == "unreadable":
        return [_problem(facts)]
    lines = _about_signature(word, facts) + about_certificate(facts, revoked) + _about_claim(facts)
    lines += _about_labels(facts)
    if isinstance(record, UserError):
        lines.append(_("This home's records could not be looked at: {what}", what=record.what))
    elif record is not None:
        lines.append(_about_record(facts, record))
    elif word == "ours":
        lines.append(_("This home signed it, but its records don't hold the work."))
    if facts.damaged:
        lines.append(_("The file is damaged or cut short."))
    return lines


def _about_signature(word: str, facts: Facts) -> list[str]:
    lines = []
    signer = (facts.claim or {}).get("signer")
    if word == "ours":
        lines.append(_("Signed with this home's own key, as {signer}.", signer=signer))
    elif word == "trusted":
        lines.append(_("Signed by {signer}, under a root that you gave.", signer=signer))
    elif signer is not None:
        lines.append(_("The signature names {signer}, a name that anybody can choose.", signer=signer))
    if facts.state == "Broken":
        lines.append(_("There is a signed manifest, but it can't be read."))
    elif facts.state == "Remote":
        lines.append(_("It says that its manifest lies at an address on the net; nothing was fetched from there."))
    if word == "altered" and facts.failures:
        lines.append(_("Failed checks: {codes}.", codes=", ".join(facts.failures)))
    if facts.claim is not None and word not in ("ours", "trusted"):
        lines.append(_("What follows is what the file says; nobody vouches for it."))
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
    if claim.get("work"):
        lines.append(_("Work {id}; licence: {licence}.", id=claim["work"], licence=claim.get("licence") or "?"))
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


def _counted(heard: Heard) -> dict[str, Any]:
    return {
        "marked": heard.marked,
        "tokens": heard.tokens,
        "green": heard.green,
        "z": round(heard.z, 2),
        "chance": heard.chance,
    }


def _about_watermark(heard: Heard | None) -> list[str]:
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


def _about_record(facts: Facts, record: WorkRow) -> str:
    if record.blob_sha256 == facts.sha256:
        return _("This home's records hold the work {id}, byte for byte.", id=record.id)
    return _("This home's records hold a work {id}, but with other bytes.", id=record.id)
