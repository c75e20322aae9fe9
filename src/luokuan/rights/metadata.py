"""Licence terms as a file carries them: XMP rights, and the C2PA assertion on training and data mining."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from luokuan.i18n import LANGUAGES, speaking
from luokuan.rights.presets import deed_of, spdx_of
from luokuan.rights.terms import Terms
from luokuan.rights.words import describe

RIGHTS_NAMESPACE = "http://ns.adobe.com/xap/1.0/rights/"
"""XMP rights management (ISO 16684-1, section 8.5)."""
DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
TRAINING_MINING = "cawg.training-mining"
"""Label of the assertion (CAWG Training and Data Mining Assertion 1.1)."""
MINING_ENTRIES = ("cawg.ai_generative_training", "cawg.ai_inference", "cawg.ai_training", "cawg.data_mining")
MOST_CONSTRAINT = 500
"""Characters of what explains a constraint."""
_XML_LANG = {"en": "en", "zh_CN": "zh-CN"}


def usage_terms(terms: Terms) -> dict[str, str]:
    """The terms in words by language tag: ``x-default`` (English) first, then ``en`` and ``zh-CN``."""
    found = {}
    for name in LANGUAGES:
        with speaking(name):
            sentences = describe(terms)
        found[_XML_LANG[name]] = ("" if name.startswith("zh") else " ").join(sentences)
    return {"x-default": found["en"], **found}


def xmp_rights(terms: Terms, *, owner: str = "", statement: str = "") -> str:
    """An ``rdf:Description`` with xmpRights:Marked, UsageTerms, WebStatement and dc:rights, for an XMP packet.

    Args:
        terms: What is said.
        owner: Who holds the rights, one line.
        statement: Address of a page about them; default: that of the public licence, if the terms are one's.

    Returns:
        XML, without a declaration; the prefix ``rdf`` is declared by whoever puts it into a packet.
    """
    page = statement or deed_of(terms)
    free = spdx_of(terms) == "CC0-1.0"
    # False says: in the public domain.
    marked = f"<xmpRights:Marked>{'False' if free else 'True'}</xmpRights:Marked>"
    used = f"<xmpRights:UsageTerms>{_alternatives(usage_terms(terms))}</xmpRights:UsageTerms>"
    web = f"<xmpRights:WebStatement>{escape(page)}</xmpRights:WebStatement>" if page else ""
    held = f"<xmpRights:Owner><rdf:Bag><rdf:li>{escape(owner)}</rdf:li></rdf:Bag></xmpRights:Owner>" if owner else ""
    rights = f"<dc:rights>{_alternatives({'x-default': _line(terms, owner)})}</dc:rights>"
    spaces = f"xmlns:xmpRights={quoteattr(RIGHTS_NAMESPACE)} xmlns:dc={quoteattr(DUBLIN_CORE)}"
    return f'<rdf:Description rdf:about="" {spaces}>{marked}{used}{web}{held}{rights}</rdf:Description>'


def training_mining(terms: Terms) -> dict[str, Any]:
    """The C2PA assertion on training and data mining, as a builder takes it. Inference and mining follow training: who
    may not learn from a work may not read it out by machine either."""
    use = {"allowed": "allowed", "ask": "constrained", "forbidden": "notAllowed"}[terms.ai_training]
    entry: dict[str, str] = {"use": use}
    if use == "constrained":
        why = deed_of(terms) or usage_terms(terms)["x-default"]
        entry["constraint_info"] = why[:MOST_CONSTRAINT]
    return {"label": TRAINING_MINING, "data": {"entries": {name: dict(entry) for name in MINING_ENTRIES}}}


def _line(terms: Terms, owner: str) -> str:
    licence = spdx_of(terms) or ("All rights reserved" if not terms.uses else "Licensed")
    return f"{owner}: {licence}" if owner else licence


def _alternatives(texts: dict[str, str]) -> str:
    items: Sequence[str] = [f"<rdf:li xml:lang={quoteattr(tag)}>{escape(text)}</rdf:li>" for tag, text in texts.items()]
    return f"<rdf:Alt>{''.join(items)}</rdf:Alt>"
