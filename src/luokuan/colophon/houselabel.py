"""The explicit label as the house has settled it: what is used wherever nobody asks for another one."""

from __future__ import annotations

from luokuan.colophon.label import LANGUAGES, Corner, LabelOptions, Language, Policy
from luokuan.store.database import Database, open_database
from luokuan.store.home import Home
from luokuan.store.house import label_setting


def house_label(
    place: Home | Database,
    *,
    language: Language | None = None,
    policy: Policy | None = None,
    corner: Corner | None = None,
) -> LabelOptions:
    """The label for a work.

    Args:
        place: The home, or its open database.
        language: What was asked for; None: as ``policy`` asks.
        policy: What was asked for. Where neither of both is said, both are the house's.
        corner: What was asked for; None: the house's.

    Raises:
        UserError: the language doesn't meet the policy, or the home can't be used.
    """
    if isinstance(place, Home):
        with open_database(place) as opened:
            return house_label(opened, language=language, policy=policy, corner=corner)
    with place.read() as connection:
        settled = label_setting(connection)
    if language is None and policy is None:
        language, policy = settled.language, settled.policy
    return LabelOptions(language or LANGUAGES[policy or "both"], corner or settled.corner, policy)
