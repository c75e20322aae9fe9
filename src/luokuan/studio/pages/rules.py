"""What an administrator settles for the whole house: how works are labelled, and how long the trash is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.store import house
from luokuan.store.events import insert_event
from luokuan.store.house import LabelSetting, TrashSetting
from luokuan.studio.access import Needs, form_of, principal
from luokuan.studio.forms import number_in, text_in
from luokuan.studio.rendering import render
from luokuan.studio.state import address_of, now, studio_of

router = APIRouter()
_MEETS = {"cn": ("cn", "both"), "eu": ("cn", "en", "both"), "both": ("both",)}
"""Languages that meet a policy, as ``colophon.label`` has it (a test compares): that module loads numpy."""


@router.get("/settings/rules", dependencies=[Depends(Needs("admin"))])
def rules_page(request: Request) -> Response:
    """Both."""
    return _page(request)


@router.post("/settings/rules/label", dependencies=[Depends(Needs("admin"))])
def label(request: Request) -> Response:
    """Settle the label; refused when somebody else has changed it meanwhile (409)."""
    form = form_of(request)
    typed = {name: str(form.get(name, ""))[:20] for name in ("policy", "language", "corner")}
    try:
        values: dict[str, Any] = {name: text_in(form, name, most=20) for name in typed}
        wanted = LabelSetting(**values, version=number_in(form, "version", most=2**31 - 2) or 0)
        if wanted.policy in _MEETS and wanted.language not in _MEETS[wanted.policy]:
            raise UserError(
                _("A label in this language alone doesn't meet these rules."),
                _("Choose both languages, or other rules."),
                code="label.policy",
                status=422,
            )
        with studio_of(request).database.write() as connection:
            house.set_label(connection, wanted, now())
            _tell(connection, request, "label.changed", f"{wanted.policy} {wanted.language} {wanted.corner}")
    except UserError as error:
        return _page(request, error=error, typed=typed)
    return _page(request, saved=True)


@router.post("/settings/rules/trash", dependencies=[Depends(Needs("admin"))])
def trash(request: Request) -> Response:
    """Settle how long the trash is kept."""
    form = form_of(request)
    try:
        wanted = TrashSetting(number_in(form, "days"), number_in(form, "version", most=2**31 - 2) or 0)
        with studio_of(request).database.write() as connection:
            house.set_trash(connection, wanted, now())
            _tell(connection, request, "trash.changed", "-" if wanted.days is None else str(wanted.days))
    except UserError as error:
        return _page(request, error=error, typed={"days": str(form.get("days", ""))[:20]})
    return _page(request, saved=True)


def _tell(connection: Any, request: Request, action: str, subject: str) -> None:
    insert_event(
        connection, at=now(), account_id=principal(request).person.id, action=action, subject=subject,
        address=address_of(request),
    )  # fmt: skip


def _page(
    request: Request, *, error: UserError | None = None, saved: bool = False, typed: Mapping[str, str] | None = None
) -> Response:
    """Both; ``typed``: a form that wasn't saved, to be looked at beside what is there."""
    with studio_of(request).database.read() as connection:
        settled, kept = house.label_setting(connection), house.trash_setting(connection)
    there = {
        "policy": settled.policy,
        "language": settled.language,
        "corner": settled.corner,
        "days": "" if kept.days is None else str(kept.days),
    }
    values = {
        "label": settled,
        "trash": kept,
        "form": {**there, **(typed or {})},
        "there": {name: there[name] for name, text in (typed or {}).items() if text != there[name]},
        "most": house.LONGEST_DAYS,
        "error": error,
        "saved": saved,
        "policies": {
            "both": _("China and the European Union"),
            "cn": _("China (GB 45438-2025)"),
            "eu": _("European Union (AI Act, Article 50)"),
        },
        "languages": {"both": _("Chinese and English"), "cn": _("Chinese"), "en": _("English")},
        "corners": {
            "bottom-right": _("bottom right"),
            "bottom-left": _("bottom left"),
            "top-right": _("top right"),
            "top-left": _("top left"),
        },
    }
    return render(request, "rules.html", values, status=200 if error is None else error.status)
