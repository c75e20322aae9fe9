"""Where `luokuan create` writes works, whatever their kind."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luokuan.cli.output import visible
from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.colophon.schema import Work


def suffix_of(chosen: str | None, output: Path | None, count: int, formats: Mapping[str, str]) -> str:
    """The ending of the files to write: as chosen, or as ``output`` ends, or the first of ``formats`` (ending to media
    type).

    Raises:
        UserError: it is unknown, contradicts ``output``, or ``output`` names one file where ``count`` are made.
    """
    ending = output.suffix[1:].lower() if output else ""
    suffix = chosen or (ending if count == 1 else "") or next(iter(formats))
    if suffix not in formats:
        raise UserError(
            _("The format '{format}' is unknown.", format=suffix),
            _("Use {formats}.", formats=", ".join(formats)),
            code="create.format",
        )
    if count == 1 and ending in formats and formats[ending] != formats[suffix]:
        raise UserError(
            _("--format {format} and the ending of {path} contradict each other.", format=suffix, path=output),
            _("Give one of them, or let them agree."),
            code="create.format",
        )
    if output and count > 1 and ending in formats and not output.is_dir():
        raise UserError(
            _("{path} is the name of one file, but {count} works were asked for.", path=output, count=count),
            _("Give a folder to --output."),
            code="create.output",
        )
    return suffix


def path_of(output: Path | None, work: Work, suffix: str, *, count: int) -> Path:
    """The file to which a work goes: ``output``, or a name of its own in that folder or the current one."""
    place, recipe = "", work.recipe
    if (toward := recipe.parameters.get("toward")) is not None:
        share = recipe.parameters.get("share")
        place = f"-to-{toward}" + ("" if share is None else f"-{round(1000 * share):04d}")  # files sort along the way
    name = f"{recipe.model}-{recipe.seed}{place}-{work.id[:6]}.{suffix}"
    if output is None:
        return Path(name)
    return output / name if count > 1 or output.is_dir() else output


def told_of(work: Work) -> str:
    """What people are told of an exported work, in a line."""
    assert work.path is not None
    label = work.label or _("(without explicit label; logged)")
    return _("{path}  seed {seed}  {label}", path=visible(work.path), seed=work.recipe.seed, label=label)


def record_of(work: Work) -> dict[str, Any]:
    """What --json says of an exported work."""
    from luokuan.colophon.finish import beside

    assert work.path is not None
    return {
        "path": str(work.path),
        "beside": [f"{work.path}{ending}" for ending in beside(work)],
        "id": work.id,
        "sha256": work.sha256,
        "media_type": work.media_type,
        "seed": work.recipe.seed,
        "model": work.recipe.model,
        "label": work.label or None,
    }
