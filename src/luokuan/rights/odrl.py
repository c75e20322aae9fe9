"""Licence terms as an ODRL 2.2 offer in JSON-LD (W3C Recommendations ODRL Information Model and Vocabulary, 2018).

What ODRL has no words for: mining is said with the action of the W3C community group's TDM Reservation Protocol
(TDMRep, 2024); what a licence may be used for, and exclusiveness, with terms of a profile of ours.
"""

from __future__ import annotations

from typing import Any

from luokuan.rights.terms import PAID_USES, WORLD, Terms

CONTEXT = "http://www.w3.org/ns/odrl.jsonld"
PROFILE = "urn:luokuan:terms:1"
"""Names our profile; also the namespace of ``exclusive`` and of the purposes (``urn:luokuan:terms:1#editorial``)."""
CC = "http://creativecommons.org/ns#"
TDM_PROFILE, TDM = "http://www.w3.org/ns/tdmrep", "http://www.w3.org/ns/tdmrep#"
_CURRENCY = "http://cvx.iptc.org/iso4217a:"


def to_odrl(terms: Terms, *, uid: str, target: str, assigner: str) -> dict[str, Any]:
    """An ODRL offer.

    Args:
        terms: What is offered.
        uid: IRI of the offer.
        target: IRI of the work.
        assigner: Who grants it: an IRI, or a name.

    Returns:
        JSON-LD. Permissions, prohibitions and duties name the target and the assigner once, at the top, as ODRL's
        compact policies do.
    """
    permissions = [*_uses(terms), *_derivatives(terms), *_resale(terms), *_mining(terms)]
    prohibitions = _forbidden(terms)
    offer: dict[str, Any] = {
        "@context": [CONTEXT, {"tdm": TDM, "cc": CC, "luokuan": f"{PROFILE}#"}],
        "@type": "Offer",
        "uid": uid,
        "profile": [PROFILE, TDM_PROFILE],
        "assigner": assigner,
        "target": target,
        "luokuan:exclusive": terms.exclusive,
        # What nobody permits is forbidden; where both are said, the prohibition holds.
        "conflict": "prohibit",
    }
    if permissions:
        offer["permission"] = permissions
    if prohibitions:
        offer["prohibition"] = prohibitions
    return offer


def _uses(terms: Terms) -> list[dict[str, Any]]:
    limits = _limits(terms)
    if not terms.uses:
        return [{"action": "display", **({"constraint": limits} if limits else {})}]
    purposes = {
        "leftOperand": "purpose",
        "operator": "isAnyOf",
        "rightOperand": [{"@id": f"luokuan:{use}"} for use in terms.uses],
    }
    actions = ["reproduce", "distribute", "display", "play"]
    if set(terms.uses) & set(PAID_USES):
        actions.append("cc:CommercialUse")
    duties = _duties(terms)
    return [{"action": actions, "constraint": [purposes, *limits], **({"duty": duties} if duties else {})}]


def _limits(terms: Terms) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if terms.territory != (WORLD,):
        # Codes of ISO 3166-1, as our profile says.
        found.append({"leftOperand": "spatial", "operator": "isAnyOf", "rightOperand": list(terms.territory)})
    if terms.days is not None:
        lasts = {"@value": f"P{terms.days}D", "@type": "xsd:duration"}
        found.append({"leftOperand": "elapsedTime", "operator": "lteq", "rightOperand": lasts})
    return found


def _duties(terms: Terms) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if terms.attribution:
        found.append({"action": "attribute", **({"attributedParty": terms.credit} if terms.credit else {})})
    if terms.price is not None and terms.price.minor:
        pay = {
            "leftOperand": "payAmount",
            "operator": "eq",
            "rightOperand": {"@value": terms.price.amount, "@type": "xsd:decimal"},
            "unit": _CURRENCY + terms.price.currency,
        }
        found.append({"action": [{"rdf:value": {"@id": "odrl:compensate"}, "refinement": [pay]}]})
    return found


def _derivatives(terms: Terms) -> list[dict[str, Any]]:
    if terms.derivatives == "none":
        return []
    found: dict[str, Any] = {"action": ["modify", "derive"]}
    if terms.derivatives == "share-alike":
        found["duty"] = [{"action": "cc:ShareAlike"}]
    elif terms.derivatives == "revenue-share":
        found["duty"] = [_share(terms.revenue_share)]
    return [found]


def _resale(terms: Terms) -> list[dict[str, Any]]:
    return [{"action": "sell", "duty": [_share(terms.royalty)]}] if terms.royalty else []


def _share(points: int) -> dict[str, Any]:
    percent = {"@value": f"{points // 100}.{points % 100:02d}", "@type": "xsd:decimal"}
    limit = {"leftOperand": "percentage", "operator": "eq", "rightOperand": percent}
    return {"action": [{"rdf:value": {"@id": "odrl:compensate"}, "refinement": [limit]}]}


def _mining(terms: Terms) -> list[dict[str, Any]]:
    if terms.ai_training == "forbidden":
        return []
    asked = {"duty": [{"action": "obtainConsent"}]} if terms.ai_training == "ask" else {}
    return [{"action": "tdm:mine", **asked}]


def _forbidden(terms: Terms) -> list[dict[str, Any]]:
    actions = []
    if not set(terms.uses) & set(PAID_USES):
        actions.append("cc:CommercialUse")
    if terms.derivatives == "none":
        actions += ["modify", "derive"]
    if terms.ai_training == "forbidden":
        actions.append("tdm:mine")
    return [{"action": action} for action in actions]
