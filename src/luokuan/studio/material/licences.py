"""Licences that the card form offers: the usual ones of material, by their SPDX identifiers, and what follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.foundation.corpus.card import Card

UNKNOWN = "unknown"

OWN = "own"
"""Material of one's own, all rights reserved."""
KNOWN = (
    "CC0-1.0", "CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0", "CC-BY-NC-SA-4.0", "CC-BY-ND-4.0", "CC-BY-NC-ND-4.0",
    "CC-BY-3.0", "CC-BY-SA-3.0", "CC-BY-2.0", "CC-BY-SA-2.0", "ODbL-1.0", "ODC-By-1.0", "PDDL-1.0", "MIT", "Apache-2.0",
    "BSD-3-Clause", "Unlicense", "CC-PDDC", "GFDL-1.3-or-later", "OGL-UK-3.0", "CDLA-Permissive-2.0",
)  # fmt: skip


def offered(card: Card) -> list[tuple[str, str]]:
    """(value, words) of the picker; the card's own licence is among them, whatever it is."""
    found = rows()
    return found if card.licence in dict(found) else [*found, (card.licence, card.licence)]


def rows() -> list[tuple[str, str]]:
    """(value, words) of all that are offered."""
    return [
        (UNKNOWN, _("unknown")),
        (OWN, _("own work, all rights reserved")),
        *((name, name) for name in KNOWN),
    ]


def consequence(card: Card) -> str:
    """What a licence means for models and works."""
    if card.licence == UNKNOWN:
        return _("Licence unknown: training works, but the model and all its works are marked so and can't be sold.")
    if not card.sellable:
        return _("This licence allows no commerce: works of a model of it can't be sold.")
    if "-ND" in card.licence.upper():
        return _("This licence allows no adaptations. Whether a model is one, nobody has decided: ask before you sell.")
    if "-SA" in card.licence.upper():
        return _("Share alike: adaptations carry the same licence, and credit.")
    return ""
