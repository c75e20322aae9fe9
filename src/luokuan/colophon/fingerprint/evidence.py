"""What a verdict says of fingerprints, in sentences for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from luokuan.colophon.fingerprint.base import QUALITY, Alike
from luokuan.i18n import _


def about_fingerprint(glance: Mapping[str, Any] | None, alike: Alike | None) -> list[str]:
    """Of what a file was found to be like, or why that could not be told; nothing where nothing is to be said."""
    if alike is not None:
        return [_about_alike(alike)]
    if glance is None:
        return []
    if glance.get("problem") == "tool" and glance["kind"] == "clip":
        return [
            _(
                "Whether it looks like a work of this home was not looked at: that needs ffmpeg, as in the extra "
                "'media'."
            )
        ]
    if glance.get("problem") == "tool":
        return [
            _(
                "Whether it sounds like a work of this home was not looked at: "
                "that needs ffmpeg with chromaprint, as in the extra 'media'."
            )
        ]
    if glance.get("problem") == "size":
        return [_("Whether it looks like a work of this home was not looked at: it declares too many pixels.")]
    if glance["quality"] < QUALITY[glance["kind"]]:
        return [
            {
                "picture": _("It is too plain to be told from other pictures by its look."),
                "clip": _("Its frames are too plain to be told from other clips by their look."),
                "sound": _("It is too short, or too even, to be told from other sounds."),
                "text": _("It is too short to be told from other texts by its words."),
            }[glance["kind"]]
        ]
    return []


def _about_alike(alike: Alike) -> str:
    values = {"id": alike.work, "distance": alike.distance, "bits": alike.bits}
    if alike.kind == "sound":
        share = f"{alike.distance / alike.bits:.1%}"
        return _(
            "It sounds like the work {id} of this home ({share} of the chromaprint bits differ).", share=share, **values
        )
    if alike.resemblance is not None:
        return _(
            "It reads like the work {id} of this home (SimHash distance {distance} of {bits}; "
            "resemblance of the words about {share}).",
            share=f"{alike.resemblance:.0%}",
            **values,
        )
    if alike.kind == "text":
        return _("It reads like the work {id} of this home (SimHash distance {distance} of {bits}).", **values)
    if alike.kind == "clip" and alike.sure:
        return _(
            "Most of its frames look like those of the work {id} of this home (median PDQ distance {distance} of "
            "{bits}).",
            **values,
        )
    if alike.kind == "clip":
        return _(
            "Most of its frames look somewhat like those of the work {id} of this home (median PDQ distance {distance} "
            "of {bits}); another clip of the same kind may do so too.",
            **values,
        )
    if not alike.sure:
        return _(
            "It looks somewhat like the work {id} of this home (PDQ distance {distance} of {bits}); "
            "another picture of the same kind may do so too.",
            **values,
        )
    if alike.mirrored:
        return _("Mirrored, it looks like the work {id} of this home (PDQ distance {distance} of {bits}).", **values)
    return _("It looks like the work {id} of this home (PDQ distance {distance} of {bits}).", **values)
