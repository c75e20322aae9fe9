"""Labels in more than one place of a file, or beside it: they count where they say the same."""

from __future__ import annotations

from collections.abc import Sequence

from luokuan.colophon.aigc import parse
from luokuan.colophon.xmp import Labels
from luokuan.errors import UserError
from luokuan.i18n import _


def agreed(aigc: Sequence[str], sources: Sequence[str]) -> Labels:
    """The one AIGC label, as JSON text, and the one IPTC source type.

    GB 45438-2025 knows one label a file. Places that say the same are taken for one; nobody knows which of two others
    counts.

    Raises:
        UserError: two of them differ, or one of several isn't a label at all.
    """
    if (len(aigc) > 1 and len({parse(text) for text in aigc}) > 1) or len(set(sources)) > 1:
        raise UserError(
            _("The file has labels that contradict each other."),
            _("Get a copy from its maker."),
            code="aigc.invalid",
            status=422,
        )
    return Labels(aigc[0] if aigc else None, sources[0] if sources else None)
