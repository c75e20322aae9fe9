"""A verdict on one file, in a word for programs and in sentences for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luokuan.colophon.evidence import counted, evidence_of
from luokuan.colophon.facts import Facts
from luokuan.colophon.findings import Findings, only_expired
from luokuan.colophon.trust import reaches
from luokuan.errors import ExitCode, UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.store.works import WorkRow

EXIT_CODES: Mapping[str, ExitCode] = {
    "ours": ExitCode.DONE,
    "trusted": ExitCode.DONE,
    "expired_in_time": ExitCode.DONE,
    "unknown_signer": ExitCode.NOT_SO,
    "ours_stripped": ExitCode.NOT_SO,
    "like_ours": ExitCode.NOT_SO,
    "marked": ExitCode.NOT_SO,
    "expired": ExitCode.NOT_SO,
    "revoked": ExitCode.NOT_SO,
    "ours_changed": ExitCode.NOT_SO,
    "marked_unlike": ExitCode.NOT_SO,
    "altered": ExitCode.NOT_SO,
    "labelled": ExitCode.NOT_SO,
    "nothing_found": ExitCode.NOT_SO,
    "unreadable": ExitCode.USER,
}
"""Each verdict and its exit code, from the best to the worst."""

_UNCHANGED = ("ours", "trusted", "expired_in_time", "unknown_signer", "expired", "revoked")
_CHANGED = ("ours_changed", "altered")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known about a file.

    Args:
        verdict: One of ``EXIT_CODES``; ``slug`` says when which.
        path: The file.
        media_type: By its content, not its name.
        signer: Name in the signer's certificate.
        model: Name of the model, as signed.
        model_digest: Its SHA-256, as signed.
        created: When it was made, by the signer's clock, ISO 8601 UTC.
        stamped: When a time-stamp authority that is trusted saw it, ISO 8601 UTC.
        work: Id of the work of this home that it is, is like, or whose mark it carries; else as signed.
        licence: Licence, as signed.
        log: The transparency log in which it is entered, as signed.
        label: The seven fields of the AIGC label.
        explicit_label: Words that the signer says are written on it. On pictures no program has looked for them.
        waived: Whether its maker has waived the explicit label, as signed.
        unchanged: Whether the bytes are those that were signed; None when that can't be known.
        trusted: Whether this home or a given root vouches for the signer.
        watermark: Of a text in which somebody listened: ``marked``, ``tokens``, ``green``, ``z`` and ``chance``; of a
            picture or sound that this home looked at: the fields of ``watermark.finding.Finding``.
        alike: The work of this home that it looks, reads or sounds like: fields of ``fingerprint.Alike``.
        summary: One sentence for people.
        table: What the verdict rests on: pairs of what is spoken of (``evidence.WORDS``) and a sentence for people.
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
    log: str | None = None
    label: Mapping[str, str] | None = None
    explicit_label: str | None = None
    waived: bool = False
    unchanged: bool | None = None
    trusted: bool = False
    watermark: Mapping[str, Any] | None = None
    alike: Mapping[str, Any] | None = None
    summary: str = ""
    table: tuple[tuple[str, str], ...] = ()

    @property
    def evidence(self) -> tuple[str, ...]:
        """The sentences of ``table``."""
        return tuple(sentence for _kind, sentence in self.table)

    @property
    def exit_code(self) -> ExitCode:
        """0 ours or trusted, and unchanged; 1 checked and not so; 2 unreadable."""
        return EXIT_CODES[self.verdict]

    def to_json(self) -> dict[str, Any]:
        """The verdict as JSON values."""
        path = str(self.path).encode("utf-8", "replace").decode("utf-8")
        table = [{"about": about, "says": sentence} for about, sentence in self.table]
        return {**asdict(self), "path": path, "evidence": list(self.evidence), "table": table}


def worst(verdicts: list[Verdict]) -> Verdict:
    """The worst of several verdicts, the first of equals."""
    order = list(EXIT_CODES)
    return max(reversed(verdicts), key=lambda verdict: order.index(verdict.verdict))


def slug(facts: Facts, found: Findings | None = None) -> str:
    """The verdict's word, by the first line that fits. Rows of a home are its own; "mark": this home's watermark;
    "like": its fingerprint is near that of a work of this home.

    ====================================================================================  ===================
    the file can't be looked at                                                           ``unreadable``
    *its signature holds, and no byte lies where it doesn't reach*
    the signer is nobody whom this home or the given roots vouch for                      ``unknown_signer``
    the signer's certificate was revoked, and nothing shows that it was used before       ``revoked``
    the signer is this home                                                               ``ours``
    the signer is under a given root                                                      ``trusted``
    *nothing but the time is wrong with it*
    the home's log holds these bytes, entered while the certificate was valid             ``expired_in_time``
    ... and it was revoked, and nothing shows that it was used before                     ``revoked``
    else                                                                                  ``expired``
    *it doesn't hold, or can't be read*
    the file is a work of this home byte for byte: the manifest beside it is another's    ``ours_changed``
    mark and like                                                                         ``ours_changed``
    the manifest is signed with this home's key, and: like, or nearly the same bytes, or  ``ours_changed``
    a mark (and not unlike the work that it names)
    else: anybody can copy a manifest of ours into a file                                 ``altered``
    *there is none*
    the file is a work of this home byte for byte                                         ``ours_stripped``
    the mark names a work of this home, and the file is unlike that very work             ``marked_unlike``
    mark and like                                                                         ``ours_stripped``
    like, surely                                                                          ``like_ours``
    mark                                                                                  ``marked``
    an AI label, whole or not                                                             ``labelled``
    its container is damaged                                                              ``unreadable``
    else                                                                                  ``nothing_found``
    ====================================================================================  ===================
    """
    found = found or Findings()
    if facts.problem is not None:
        return "unreadable"
    # C2PA leaves padding inside its own chunk uncovered: damage there doesn't break the signature.
    if facts.state in ("Trusted", "Valid") and not facts.damaged:
        if facts.state == "Valid":
            return "unknown_signer"
        if any(reaches(entry, facts) for entry in found.revoked):
            return "revoked"
        return "ours" if facts.home else "trusted"
    if facts.state in ("Absent", "Remote"):
        return _unsigned(facts, found)
    if only_expired(facts) and not facts.damaged:
        if found.entered is None:
            return "expired"
        return "revoked" if any(reaches(entry, facts) for entry in found.revoked) else "expired_in_time"
    mark = _marked(facts, found) and found.unlike is not True
    if found.same or (mark and found.like):
        return "ours_changed"
    return "ours_changed" if facts.own and (mark or found.like or found.shared) else "altered"


def _unsigned(facts: Facts, found: Findings) -> str:
    mark = _marked(facts, found)
    if found.same:
        return "ours_stripped"
    if mark and found.unlike is True:
        return "marked_unlike"
    if found.like:
        return "ours_stripped" if mark else "like_ours"
    if mark:
        return "marked"
    labels = (facts.aigc, facts.source, facts.mark)
    if any(label is not None for label in labels) or facts.aigc_problem == "aigc.invalid":
        return "labelled"
    return "unreadable" if facts.damaged else "nothing_found"


def _marked(facts: Facts, found: Findings) -> bool:
    return bool((facts.watermark or {}).get("marked")) or (found.heard is not None and found.heard.marked)


def judge(path: Path, facts: Facts, found: Findings | None = None) -> Verdict:
    """The verdict from what the file says and is, and from what this home knows of it."""
    found = found or Findings()
    word = slug(facts, found)
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
        work=_work(word, found) or claim.get("work"),
        licence=claim.get("licence"),
        log=claim.get("log"),
        label=facts.aigc,
        explicit_label=claim.get("explicit_label"),
        waived=claim.get("waived") is True,
        unchanged=True if found.same or word in _UNCHANGED else False if word in _CHANGED else None,
        trusted=word in ("ours", "trusted", "expired_in_time"),
        watermark=facts.watermark if found.heard is None else counted(found.heard),
        alike=None if found.alike is None else asdict(found.alike),
        summary=_summary(word, facts),
        table=tuple(evidence_of(word, facts, found)),
    )


def _work(word: str, found: Findings) -> str | None:
    """The work of this home that the verdict speaks of."""
    if word not in ("ours_stripped", "ours_changed", "like_ours", "marked", "marked_unlike"):
        return None
    if found.same:
        row: WorkRow | UserError | None = found.record
        return None if row is None or isinstance(row, UserError) else row.id
    by_look = found.alike.work if found.alike is not None and found.like else None
    return found.marked or by_look or found.shared


def _summary(word: str, facts: Facts) -> str:
    if word == "expired" and facts.valid_from is not None:
        return _("By this machine's clock the signer's certificate isn't valid yet.")
    return {
        "ours": _("A work of this home, unchanged since it was signed."),
        "trusted": _("Signed by somebody whom you trust, and unchanged since."),
        "expired_in_time": _(
            "A work of this home, unchanged; the certificate has expired since, and the home's log shows that it is "
            "older."
        ),
        "unknown_signer": _("Unchanged since it was signed, but nobody whom you trust vouches for the signer."),
        "ours_stripped": _("A work of this home, by more than one sign or byte for byte, but without its signature."),
        "like_ours": _("Not signed, but it looks, reads or sounds like a work of this home; that proves no origin."),
        "marked": _(
            "Not signed, but it carries this home's watermark; nothing else shows whether it is a work of this home."
        ),
        "expired": _("The signer's certificate has expired, and nothing shows that it was valid when used."),
        "revoked": _("The signer's certificate was revoked, and nothing shows that this was signed before."),
        "ours_changed": _("A work of this home, but it, or the signature that came with it, was changed."),
        "marked_unlike": _(
            "It carries the watermark of a work of this home, but doesn't look or sound like it: cropped or changed "
            "much, or the mark was copied."
        ),
        "altered": _("Changed after it was signed, or its signature is damaged."),
        "labelled": _("Labelled as generated by AI, but not signed: the signature was removed, or never there."),
        "nothing_found": _("No label and no signature: nothing can be said about where it comes from."),
        "unreadable": _("This file can't be checked."),
    }[word]
