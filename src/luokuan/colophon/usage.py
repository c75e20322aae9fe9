"""What may be done with a copy, as the copy itself says it: terms of a licence in XMP and in assertions of C2PA."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MINING = "cawg.training-mining"
"""Label of the assertion on training and data mining (CAWG Training and Data Mining Assertion 1.1)."""
TRAINING = "cawg.ai_generative_training"
_ENTRIES = ("cawg.data_mining", "cawg.ai_inference", TRAINING, "cawg.ai_training")


@dataclass(frozen=True, slots=True)
class Rights:
    """What the fields of a file's own format say of its terms.

    Args:
        description: An ``rdf:Description`` for its XMP packet, where its format has one.
        notice: Whose it is and under what, one line.
        licence: Address of a page about the terms, or else the terms in words.
    """

    description: str = ""
    notice: str = ""
    licence: str = ""

    @property
    def page(self) -> str:
        """The address; empty: there is none."""
        return self.licence if self.licence.startswith(("https://", "http://")) else ""


NO_RIGHTS = Rights()
"""Of a work without terms."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Terms that travel with a file. Whoever knows them (``rights``) writes them; ``finish`` only carries them.

    Args:
        rights: For the fields of the file's own format.
        mining: The assertion on training and data mining.
        metadata: The assertion that says the same as ``rights``; it goes with files of every format.
    """

    rights: Rights
    mining: Mapping[str, Any]
    metadata: Mapping[str, Any]

    @property
    def assertions(self) -> list[dict[str, Any]]:
        """What the manifest holds of it."""
        return [dict(self.mining), dict(self.metadata)]


def training_said(usage: Usage | None) -> str:
    """Whether a file with these terms lets generative models be trained on it: ``allowed``, ``notAllowed`` or
    ``constrained``."""
    mining = unlicensed() if usage is None else usage.mining
    return str(mining["data"]["entries"][TRAINING]["use"])


def unlicensed() -> dict[str, Any]:
    """The assertion of a work without terms: nobody may train on it."""
    return {"label": MINING, "data": {"entries": {name: {"use": "notAllowed"} for name in _ENTRIES}}}
