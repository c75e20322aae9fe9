"""Licence terms as a file carries them: XMP rights, and assertions of C2PA that say the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from luokuan.colophon.usage import MINING, Rights, Usage
from luokuan.i18n import LANGUAGES, speaking
from luokuan.rights.presets import deed_of, spdx_of
from luokuan.rights.terms import Terms
from luokuan.rights.words import describe

RIGHTS_NAMESPACE = "http://ns.adobe.com/xap/1.0/rights/"
"""XMP rights management (ISO 16684-1, section 8.5)."""
DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
CREATIVE_COMMONS = "http://creativecommons.org/ns#"
PLUS = "http://ns.useplus.org/ldf/xmp/1.0/"
"""The PLUS coalition's picture licensing, whose DataMining is an IPTC property since 2023.1."""
_PLUS_WORDS = "http://ns.useplus.org/ldf/vocab/"
TRAINING_MINING = MINING
METADATA = "cawg.metadata"
"""Label of the assertion that holds XMP properties as JSON-LD (CAWG Metadata Assertion 1.1)."""
MINING_ENTRIES = ("cawg.ai_generative_training", "cawg.ai_inference", "cawg.ai_training", "cawg.data_mining")
MOST_CONSTRAINT = 500
"""Characters of what explains a constraint."""
_XML_LANG = {"en": "en", "zh_CN": "zh-CN"}
_SPACES = {"xmpRights": RIGHTS_NAMESPACE, "dc": DUBLIN_CORE, "cc": CREATIVE_COMMONS, "plus": PLUS}
_MINING_WORDS = {"allowed": "DMI-ALLOWED", "ask": "DMI-PROHIBITED-SEECONSTRAINT", "forbidden": "DMI-PROHIBITED"}


def usage_terms(terms: Terms) -> dict[str, str]:
    """The terms in words by language tag: ``x-default`` (English) first, then ``en`` and ``zh-CN``."""
    found = {}
    for name in LANGUAGES:
        with speaking(name):
            sentences = describe(terms)
        found[_XML_LANG[name]] = ("" if name.startswith("zh") else " ").join(sentences)
    return {"x-default": found["en"], **found}


def xmp_rights(terms: Terms, *, owner: str = "", statement: str = "") -> str:
    """An ``rdf:Description`` with xmpRights:Marked, UsageTerms, WebStatement, Owner, dc:rights, cc:license and
    plus:DataMining, for an XMP packet.

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
    deed = f"<cc:license rdf:resource={quoteattr(deed_of(terms))}/>" if deed_of(terms) else ""
    mining = f"<plus:DataMining>{_PLUS_WORDS}{_MINING_WORDS[terms.ai_training]}</plus:DataMining>"
    if terms.ai_training == "ask":
        mining += f"<plus:OtherConstraints>{_alternatives({'x-default': _constraint(terms)})}</plus:OtherConstraints>"
    spaces = " ".join(f"xmlns:{name}={quoteattr(space)}" for name, space in _SPACES.items())
    return f'<rdf:Description rdf:about="" {spaces}>{marked}{used}{web}{held}{rights}{deed}{mining}</rdf:Description>'


def metadata(terms: Terms, *, owner: str = "", statement: str = "") -> dict[str, Any]:
    """The assertion that says the same as ``xmp_rights``: it is signed, and goes with files of every format."""
    page, deed = statement or deed_of(terms), deed_of(terms)
    said: dict[str, Any] = {
        "@context": dict(_SPACES),
        "xmpRights:Marked": spdx_of(terms) != "CC0-1.0",
        "xmpRights:UsageTerms": usage_terms(terms),
        "dc:rights": {"x-default": _line(terms, owner)},
        "plus:DataMining": _PLUS_WORDS + _MINING_WORDS[terms.ai_training],
    }
    said |= {"xmpRights:WebStatement": page} if page else {}
    said |= {"xmpRights:Owner": [owner]} if owner else {}
    said |= {"cc:license": deed} if deed else {}
    said |= {"plus:OtherConstraints": {"x-default": _constraint(terms)}} if terms.ai_training == "ask" else {}
    return {"label": METADATA, "data": said}


def usage(terms: Terms, *, owner: str = "", statement: str = "") -> Usage:
    """All that a copy under these terms carries; see ``xmp_rights`` for what is given."""
    licence = deed_of(terms) or statement or usage_terms(terms)["x-default"]
    rights = Rights(xmp_rights(terms, owner=owner, statement=statement), _line(terms, owner), licence)
    return Usage(rights, training_mining(terms), metadata(terms, owner=owner, statement=statement))


def training_mining(terms: Terms) -> dict[str, Any]:
    """The C2PA assertion on training and data mining, as a builder takes it. Inference and mining follow training: who
    may not learn from a work may not read it out by machine either."""
    use = {"allowed": "allowed", "ask": "constrained", "forbidden": "notAllowed"}[terms.ai_training]
    entry: dict[str, str] = {"use": use}
    if use == "constrained":
        entry["constraint_info"] = _constraint(terms)
    return {"label": TRAINING_MINING, "data": {"entries": {name: dict(entry) for name in MINING_ENTRIES}}}


def _constraint(terms: Terms) -> str:
    return (deed_of(terms) or usage_terms(terms)["x-default"])[:MOST_CONSTRAINT]


def _line(terms: Terms, owner: str) -> str:
    licence = spdx_of(terms) or ("All rights reserved" if not terms.uses else "Licensed")
    return f"{owner}: {licence}" if owner else licence


def _alternatives(texts: dict[str, str]) -> str:
    items: Sequence[str] = [f"<rdf:li xml:lang={quoteattr(tag)}>{escape(text)}</rdf:li>" for tag, text in texts.items()]
    return f"<rdf:Alt>{''.join(items)}</rdf:Alt>"
