"""A verdict on one file, in a word for programs and in sentences for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luokuan.colophon.evidence import Heard, about_samples, about_watermark, counted, evidence_of
from luokuan.colophon.facts import EXPIRED, UNTRUSTED, Facts
from luokuan.colophon.fingerprint.base import Alike
from luokuan.colophon.fingerprint.evidence import about_fingerprint
from luokuan.colophon.trust import reaches
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
        watermark: Of a text in which somebody listened: ``marked``, ``tokens``, ``green``, ``z`` and ``chance``; of a
            picture or sound that this home looked at: the fields of ``watermark.finding.Finding``.
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
    marked = (heard is not None and heard.marked) or (facts.watermark or {}).get("marked")
    if marked or (alike is not None and alike.sure):
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
        watermark=facts.watermark if heard is None else counted(heard),
        alike=None if alike is None else asdict(alike),
        summary=_("Neither labelled nor signed, but like a work of this home.") if by_look else _summary(word, facts),
        evidence=(
            *evidence_of(word, facts, record, revoked),
            *logged,
            *about_samples(facts),
            *about_watermark(heard),
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
