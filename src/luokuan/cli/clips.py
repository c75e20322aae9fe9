"""What the commands that make clips share: formats, progress, and what is told of one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from luokuan.cli.exporting import record_of, told_of
from luokuan.cli.output import emit_json, say, visible
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.colophon.schema import Work

FORMATS = {"mp4": "video/mp4", "webm": "video/webm"}


def progress(held: ExitStack) -> Callable[[int, int], None]:
    """What is to be called with the number of frames that are drawn, and of all."""
    from luokuan.foundation.progress import Progress

    shown: list[Progress] = []

    def tell(done: int, total: int) -> None:
        if not shown:
            shown.append(held.enter_context(Progress(_("Drawing"), total)))
        shown[0].update(done)

    return tell


def tell_clip(work: Work, took: float, *, json: bool, quiet: bool, **more: Any) -> None:
    """What is said of an exported clip, and how long it took against how long it is: on stdout, for people or, with
    ``more``, as one JSON object."""
    from luokuan.colophon.finish import beside

    seconds = work.recipe.parameters["frames"] / work.recipe.parameters["fps"]
    if json:
        emit_json(record_of(work) | {"credit": work.recipe.credit or None, "licence": work.recipe.licence, **more,
                                     "seconds": round(seconds, 3), "took": round(took, 3),
                                     "real_time_factor": round(took / seconds, 3)})  # fmt: skip
        return
    say(told_of(work))
    if endings := ", ".join(beside(work)):
        say(_("Beside it: {endings}. Keep them together.", endings=endings), quiet=quiet)
    say(
        _("{seconds} s of clip in {took} s: real-time factor {factor}.", seconds=f"{seconds:.1f}", took=f"{took:.1f}",
          factor=f"{took / seconds:.2f}"), quiet=quiet,
    )  # fmt: skip


def tell_credit(work: Work) -> None:
    """What a licence asks of who passes the work on is told even with --quiet."""
    if work.recipe.credit:
        say(_("Licence {licence}; to be named: {credit}.", licence=work.recipe.licence,
              credit=visible(work.recipe.credit)))  # fmt: skip
