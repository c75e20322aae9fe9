"""Licence terms in plain words, in the reader's language."""

from __future__ import annotations

from luokuan.i18n import _, language
from luokuan.rights.terms import USES, WORLD, Terms, Training, Use


def describe(terms: Terms) -> list[str]:
    """One sentence for each term, what is allowed first."""
    return [
        _uses(terms),
        _territory(terms),
        _("For ever.") if terms.days is None else _("For {days} days from the grant on.", days=terms.days),
        *([_("Nobody else gets such a licence while it runs.")] if terms.exclusive else []),
        _attribution(terms),
        _derivatives(terms),
        training_word(terms.ai_training),
        *([_price(terms)]),
        *([_("Of each later sale the maker gets {share}.", share=percent(terms.royalty))] if terms.royalty else []),
    ]


def percent(points: int) -> str:
    """Basis points as per cent, such as ``12.5 %``."""
    whole, part = divmod(points, 100)
    return f"{whole}.{part:02d}".rstrip("0").rstrip(".") + " %"


def use_word(use: Use) -> str:
    """A use, for people."""
    return {
        "personal": _("for yourself"),
        "education": _("teaching and research"),
        "editorial": _("reporting"),
        "commercial": _("business"),
        "advertising": _("advertising"),
        "merchandise": _("goods for sale"),
    }[use]


def training_word(training: Training) -> str:
    """What is said of training models on a work."""
    return {
        "allowed": _("Models may be trained on it."),
        "ask": _("Models may be trained on it only after asking."),
        "forbidden": _("Models may not be trained on it."),
    }[training]


def _uses(terms: Terms) -> str:
    if not terms.uses:
        return _("You may look at it; all other rights are reserved.")
    if terms.uses == USES:
        return _("You may use it for anything lawful, business included.")
    return _("You may use it for: {uses}.", uses=_joined([use_word(use) for use in terms.uses]))


def _territory(terms: Terms) -> str:
    if terms.territory == (WORLD,):
        return _("All over the world.")
    from babel import Locale

    names = Locale("zh" if language() == "zh_CN" else "en").territories
    return _("Only in: {places}.", places=_joined([names.get(code, code) for code in terms.territory]))


def _attribution(terms: Terms) -> str:
    if not terms.attribution:
        return _("Nobody need be named.")
    if terms.credit:
        return _("To be named: {credit}.", credit=terms.credit)
    return _("The maker must be named, as on the work.")


def _derivatives(terms: Terms) -> str:
    return {
        "none": _("Nothing new may be made of it."),
        "allowed": _("You may change it and make something new of it."),
        "share-alike": _("What you make of it must be under the same terms."),
        "revenue-share": _(
            "You may make something new of it; the maker gets {share} of what that earns.",
            share=percent(terms.revenue_share),
        ),
    }[terms.derivatives]


def _price(terms: Terms) -> str:
    if terms.price is None:
        return _("It has no price yet: ask the maker.")
    return _("It is free of charge.") if terms.price.minor == 0 else _("It costs {price}.", price=terms.price)


def _joined(words: list[str]) -> str:
    return ("、" if language() == "zh_CN" else ", ").join(words)
