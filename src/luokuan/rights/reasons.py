"""What the rules say, in sentences for people."""

from __future__ import annotations

from collections.abc import Sequence

from luokuan.i18n import _, language
from luokuan.rights.rules import Condition, Finding, Use
from luokuan.rights.sources import Kind


def use_word(use: Use) -> str:
    """A use, for people."""
    return {
        "commercial": _("selling it"),
        "editorial": _("publishing it"),
        "personal": _("keeping it for yourself"),
    }[use]


def kind_word(kind: Kind) -> str:
    """A kind of source, for people."""
    return {
        "corpus": _("corpus"),
        "model": _("model"),
        "work": _("work"),
        "voice": _("voice"),
        "file": _("file"),
    }[kind]


def because(finding: Finding) -> str:
    """Why a rule holds."""
    return _("{kind} {title}: {why}", kind=kind_word(finding.source.kind), title=finding.source.title,
             why=_why(finding))  # fmt: skip


def rule_word(rule: str, licence: str = "") -> str:
    """What a rule says, whatever the source."""
    return {
        "licence-unknown": _("nobody knows what the licence '{licence}' allows.", licence=licence or "unknown"),
        "all-rights-reserved": _("all rights are reserved."),
        "no-derivatives": _("{licence} forbids making something new of it.", licence=licence),
        "non-commercial": _("{licence} forbids making money with it.", licence=licence),
        "share-alike": _("{licence} asks that what is made of it stands under the same licence.", licence=licence),
        "share-alike-clash": _("{licence} and the licence of another source exclude each other.", licence=licence),
        "attribution": _("{licence} asks to name its makers.", licence=licence),
        "attribution-nobody": _("{licence} asks to name its makers, and no record names them.", licence=licence),
        "licence-text": _("{licence} asks that its text and the copyright notice go along.", licence=licence),
        "font": _("{licence} forbids selling it alone as a font.", licence=licence),
        "free": _("{licence} asks nothing.", licence=licence),
        "consent-missing": _("there are people in it, and no record says that they agreed."),
        "consent-unsaid": _("its record doesn't say whether people are in it, nor whether they agreed."),
        "consent-contradicted": _("its record says that it holds personal data, and that nobody need agree."),
        "consent-recorded": _("a consent is recorded."),
        "material-unsaid": _("its record doesn't say what it learnt from."),
        "model-absent": _("it isn't in this home any more, so that its records can't be read."),
        "only-said": _("only the file itself says so; nobody here vouches for it."),
        "lineage-cut": _("its lineage is longer than what is read."),
        "nothing-known": _("nothing is known about what it was made from."),
        "erased": _("it was erased."),
        "withdrawn": _("it was withdrawn."),
        "disputed": _("a notice about it isn't decided."),
    }[rule]


def asks(kind: Condition, licence: str, sources: Sequence[str]) -> str:
    """What is to be done to meet a condition."""
    names = ("、" if language() == "zh_CN" else ", ").join(sources[:5]) + ("…" if len(sources) > 5 else "")
    return {
        "share-alike": _("Put the work itself under {licence}, as {sources} ask.", licence=licence, sources=names),
        "credit": _("Name the makers of {sources} with the work: `luokuan rights credits` writes it.", sources=names),
        "licence-text": _("Give the text of {licence} with the work, for {sources}.", licence=licence, sources=names),
        "font": _("Don't sell it as a font, or as part of one, alone ({licence}).", licence=licence),
        "not-for-money": _("Nobody makes money with it ({licence}).", licence=licence),
        "consent": _(
            "Make sure that nobody in {sources} can be recognised, or that they agreed; then record it with `luokuan "
            "rights record`.",
            sources=names,
        ),
        "material": _("Find out what {sources} learnt from, and that it may be used so.", sources=names),
        "record": _("Bring back {sources}, or find out what its records said.", sources=names),
        "verify": _("Make sure that what the file says of {sources} is true: `luokuan verify`.", sources=names),
        "name": _("Find out who made {sources}, and name them.", sources=names),
    }[kind]


def condition_word(kind: Condition) -> str:
    """A condition's name, for people."""
    return {
        "share-alike": _("same licence"),
        "credit": _("credits"),
        "licence-text": _("licence text"),
        "font": _("no font"),
        "not-for-money": _("no money"),
        "consent": _("consent of people"),
        "material": _("training material"),
        "record": _("lost records"),
        "verify": _("unproved claims"),
        "name": _("unknown makers"),
    }[kind]


def _why(finding: Finding) -> str:
    if finding.rule.id == "consent-recorded":
        return _("a consent is recorded: {consent}", consent=finding.source.consent)
    return rule_word(finding.rule.id, finding.licence)
