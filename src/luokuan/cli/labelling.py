"""Options of the explicit label, the same in every command that creates, and what they say together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.colophon.label import LabelOptions

Place = Literal["bottom-right", "bottom-left", "top-right", "top-left"]
Label = Annotated[
    Literal["cn", "en", "both"] | None,
    typer.Option(
        "--label",
        help=_("Language of the explicit label: cn, en or both (default: as --policy asks, else as the home says)."),
        show_default=False,
    ),
]
Policy = Annotated[
    Literal["cn", "eu", "both"] | None,
    typer.Option(
        "--policy",
        help=_(
            "Whose rules the label must meet: cn, eu or both (default: the home's, or what --label alone can meet)."
        ),
        show_default=False,
    ),
]
NoLabel = Annotated[
    bool,
    typer.Option("--no-label", help=_("Waive the explicit label, where `luokuan waiver allow` permits it; logged.")),
]
Reason = Annotated[
    str | None, typer.Option("--reason", help=_("With --no-label: why, for the home's log."), show_default=False)
]
Acknowledge = Annotated[
    bool,
    typer.Option("--acknowledge", help=_("With --no-label: the duty to say that AI made it is yours from then on.")),
]
Heard = Annotated[
    Literal["words", "rhythm"] | None,
    typer.Option(
        "--label-heard",
        help=_("How the label of a sound is heard: words or rhythm (default: words, but the rhythm for --policy cn)."),
        show_default=False,
    ),
]

Corner = Annotated[
    Place | None,
    typer.Option(
        "--corner",
        help=_("Where the label stands: bottom-right, bottom-left, top-right or top-left (default: as the home says)."),
        show_default=False,
    ),
]
Enlarge = Annotated[
    Literal["lanczos", "nearest"],
    typer.Option("--enlarge", help=_("How small pictures grow to 512 pixels: lanczos or nearest.")),
]


def label_options(
    label: Literal["cn", "en", "both"] | None,
    policy: Literal["cn", "eu", "both"] | None,
    no_label: bool,
    reason: str | None,
    acknowledge: bool,
    home: Path | None,
    *,
    corner: Place | None = None,
) -> LabelOptions:
    """The label as the options say, or its waiver, for which ``home`` is asked before anything is created.

    Raises:
        UserError: options contradict each other, or the home doesn't allow works without explicit label.
    """
    from luokuan.colophon.houselabel import house_label
    from luokuan.colophon.label import LabelOptions
    from luokuan.colophon.waiver import Waiver, permitted
    from luokuan.store.database import open_database
    from luokuan.store.home import open_home

    if not no_label:
        if reason is not None or acknowledge:
            raise UserError(
                _("--reason and --acknowledge have no say without --no-label."),
                _("Add --no-label, or leave them out."),
                code="label.option",
            )
        return house_label(open_home(home), language=label, policy=policy, corner=corner)
    if label is not None or policy is not None:
        raise UserError(
            _("--no-label contradicts --label and --policy."), _("Leave one of them out."), code="label.option"
        )
    with open_database(open_home(home)) as database, database.read() as connection:
        permitted(connection)
    return LabelOptions(waiver=Waiver(reason or "", acknowledge))
