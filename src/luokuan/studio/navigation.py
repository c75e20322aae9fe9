"""The main menu: a page that is registered here appears in it for those who may use it."""

from __future__ import annotations

from dataclasses import dataclass

from luokuan.i18n import _
from luokuan.studio.access import Principal


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the menu. ``here``: whether it leads to where the reader is."""

    path: str
    title: str
    here: bool


def entries(who: Principal, path: str) -> list[Entry]:
    """What ``who`` sees on the page at ``path``."""
    rows = (
        ("/create", _("Create"), "maker"),
        ("/library", _("Library"), "viewer"),
        ("/jobs", _("Jobs"), "viewer"),
        ("/train", _("Train"), "maker"),
        ("/market", _("Market"), ""),
        ("/orders", _("Orders"), "viewer"),
        ("/check", _("Check"), ""),
        ("/log", _("Log"), "viewer"),
        ("/appraisal", _("Appraisal"), "maker"),
        ("/settings", _("Settings"), "viewer"),
    )
    return [
        Entry(start, title, path == start or path.startswith(f"{start}/"))
        for start, title, role in rows
        if not role or who.may(role)
    ]
