"""Licence terms that have a name: ours for sale, and the public licences of Creative Commons."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.rights.terms import USES, Terms, Use

_FREE: tuple[Use, ...] = ("personal", "education")
PRESETS: Mapping[str, Terms] = {
    "personal": Terms(uses=("personal",), attribution=False),
    "editorial": Terms(uses=("personal", "education", "editorial")),
    "commercial": Terms(uses=USES, attribution=False, derivatives="allowed"),
    "exclusive": Terms(uses=USES, exclusive=True, attribution=False, derivatives="allowed"),
    "all-rights-reserved": Terms(),
    "cc0": Terms(uses=USES, attribution=False, derivatives="allowed", ai_training="allowed"),
    "cc-by": Terms(uses=USES, derivatives="allowed", ai_training="allowed"),
    "cc-by-sa": Terms(uses=USES, derivatives="share-alike", ai_training="allowed"),
    "cc-by-nd": Terms(uses=USES, ai_training="ask"),
    "cc-by-nc": Terms(uses=_FREE, derivatives="allowed", ai_training="ask"),
    "cc-by-nc-sa": Terms(uses=_FREE, derivatives="share-alike", ai_training="ask"),
    "cc-by-nc-nd": Terms(uses=_FREE, ai_training="ask"),
}
"""By name. Prices are none: whoever sells sets one (``dataclasses.replace``)."""
_SPDX = {name: f"{name.upper()}-4.0" for name in PRESETS if name.startswith("cc-")} | {"cc0": "CC0-1.0"}
_DEEDS = {
    "cc0": "https://creativecommons.org/publicdomain/zero/1.0/",
    **{name: f"https://creativecommons.org/licenses/{name[3:]}/4.0/" for name in PRESETS if name.startswith("cc-")},
}


def preset(name: str) -> Terms:
    """The terms called ``name``.

    Raises:
        UserError: there are none; the nearest name is suggested.
    """
    found = PRESETS.get(name.strip().lower())
    if found is None:
        near = difflib.get_close_matches(name.lower(), PRESETS, n=1, cutoff=0.4)
        known = ", ".join(PRESETS)
        raise UserError(
            _("There are no licence terms called '{name}'.", name=name[:40]),
            _("Did you mean {near}? There are: {known}.", near=near[0], known=known)
            if near
            else _("Choose one of {known}.", known=known),
            code="terms.preset",
            status=404,
        )
    return found


def spdx_of(terms: Terms) -> str:
    """The SPDX licence whose terms these are: a public licence is royalty-free, for everybody, everywhere and for
    ever, so that only such terms fit one. Empty where none does.

    A price doesn't matter: a copy under a public licence may be sold, too.
    """
    for name, spdx in _SPDX.items():
        wanted = PRESETS[name]
        if _core(terms) == _core(wanted) and not terms.exclusive and terms.royalty == 0:
            return spdx
    return ""


def deed_of(terms: Terms) -> str:
    """Address of a page that explains the public licence whose terms these are; empty where they are none's."""
    spdx = spdx_of(terms)
    return next((_DEEDS[name] for name, one in _SPDX.items() if one == spdx), "")


def preset_of(terms: Terms) -> str:
    """The preset whose terms these are, whatever price, credit, territory, days and royalty; empty where it is none."""
    for name, wanted in PRESETS.items():
        if _essence(terms) == _essence(wanted):
            return name
    return ""


def name_of_preset(name: str) -> str:
    """A preset's name, for people."""
    return {
        "personal": _("for yourself"),
        "editorial": _("for reporting and teaching"),
        "commercial": _("for business"),
        "exclusive": _("for business, exclusively"),
        "all-rights-reserved": _("all rights reserved"),
        "cc0": "CC0 1.0",
    }.get(name) or f"{name.upper().replace('CC-', 'CC ', 1)} 4.0"


def _core(terms: Terms) -> tuple[object, ...]:
    return (*_essence(terms), terms.territory, terms.days)


def _essence(terms: Terms) -> tuple[object, ...]:
    return (terms.uses, terms.exclusive, terms.attribution, terms.derivatives, terms.ai_training)
