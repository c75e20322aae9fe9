"""What frames of a clip show: against pictures and clips that its model learnt from, and against works of this home, of
which a clip may show one for a moment only."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from luokuan.colophon.formats import format_of
from luokuan.i18n import _
from luokuan.media import Clip, Frames, Picture
from luokuan.rights import corpus_readings
from luokuan.rights.hits import Hit
from luokuan.rights.training_items import nearest_of, seen_of
from luokuan.store.ownership import owner_of, works_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from luokuan.colophon.fingerprint import Alike
    from luokuan.rights.likeness import Looking
    from luokuan.store.works import WorkRow

MOST = 33
"""Frames that are compared, evenly spread, the first and the last among them: more than a file is known by, since what
is copied may be shown for a part of the time."""


def clips(looking: Looking, data: bytes, hits: list[Hit], compared: list[str]) -> None:
    """Compare the frames of a clip, without its label where its master is there. ``data``: the file."""
    from luokuan.colophon.fingerprint.base import PDQ_SURE
    from luokuan.colophon.fingerprint.register import Register

    if format_of(looking.row.media_type).kind is not Clip:
        return
    seen = glances(_frames(looking, data))
    if not seen:
        return
    for folder in looking.corpora:
        if not any(corpus_readings.has_any(folder, what) for what in ("picture", "clip")):
            continue
        compared.append(_("frames with pictures and clips of the corpus {name}", name=folder.name))
        near = nearest_of(seen, folder, looking.home)
        if near is not None:
            sure = near.distance <= PDQ_SURE
            values = {"item": near.item, "corpus": near.corpus, "distance": near.distance}
            said = (
                _("A frame of it looks like {item} of the corpus {corpus} (PDQ distance {distance} of 256).", **values)
                if sure
                else _("A frame of it looks somewhat like {item} of the corpus {corpus} (PDQ distance {distance} of "
                       "256).", **values)
            )  # fmt: skip
            hits.append(Hit("training-frame", sure, said, {**values, "mirrored": near.mirrored}))
    compared.append(_("frames with works of this home"))
    # One's own works are looked for apart: a nearer one of them must not stand before somebody else's.
    mine = works_of(looking.connection, owner_of(looking.connection, looking.row.id))
    told = {str(one.details["like"]) for one in hits if "like" in one.details}  # as a whole
    register, left_out = Register(looking.home), told | set(looking.related)
    nearest = register.find_any(looking.connection, seen, without=left_out)
    filed = register.find_any(looking.connection, seen, without=left_out | mine)
    offered = _offered(looking, seen, without=told)
    theirs = min((one for one in (offered, filed) if one is not None), key=lambda one: one.distance, default=None)
    if theirs is not None:
        hits.append(_like(theirs, others=True))
    if nearest is not None and nearest.work in mine:
        hits.append(_like(nearest, others=False))


def glances(frames: Sequence[NDArray[np.uint8]] | NDArray[np.uint8] | Frames) -> list[Mapping[str, Any]]:
    """What is seen of up to ``MOST`` frames, see ``training_items.seen_of``, without those too plain to tell by.

    Args:
        frames: uint8 (H, W, 3) each, one or more.
    """
    from luokuan.colophon.fingerprint.base import QUALITY

    return [one for one in map(seen_of, _some(frames)) if one["quality"] >= QUALITY["picture"]]


def _like(alike: Alike, *, others: bool) -> Hit:
    values = {"id": alike.work, "distance": alike.distance}
    if others:
        said = _("A frame of it looks like the work {id} of somebody else (PDQ distance {distance} of 256).", **values)
    else:
        said = _("A frame of it looks like your own work {id} (PDQ distance {distance} of 256).", **values)
    details = {"like": alike.work, "distance": alike.distance, "mirrored": alike.mirrored, "others": others}
    return Hit("frame", others and alike.sure, said, details)


def _offered(looking: Looking, seen: Sequence[Mapping[str, Any]], *, without: Collection[str]) -> Alike | None:
    """The nearest of the pictures and clips that others offer, without their labels, which stand in the fingerprints of
    files and make quite another picture of one."""
    from luokuan.colophon.fingerprint.base import Alike
    from luokuan.colophon.fingerprint.lookup import PDQ_DISTANCE, Scan

    scan, owners = Scan(4), list[str]()
    for kind in (Picture, Clip):
        for other in (one for one in looking.offered(kind) if one.id not in without):
            bits = _kept(looking, other)
            scan.add(b"".join(bits))
            owners += [other.id] * len(bits)
    found = []
    for one in seen:
        for key, mirrored in (("bits", False), ("mirrored", True)):
            near = scan.near(bytes.fromhex(one[key]), PDQ_DISTANCE)
            found += [Alike(owners[at.place], "picture", at.distance, 256, mirrored) for at in near[:1]]
    return min(found, key=lambda one: one.distance, default=None)


def _kept(looking: Looking, row: WorkRow) -> list[bytes]:
    """Fingerprints of another work's master, kept by its id: a master never changes."""
    from luokuan.colophon.fingerprint.base import QUALITY
    from luokuan.files import write_atomic

    path = looking.home.cache / "rights" / "frames" / row.id
    try:
        known = [bytes.fromhex(line) for line in path.read_text("ascii").split()]
    except (OSError, ValueError):
        known = [b""]  # it can be made again
    if all(len(bits) == 32 for bits in known):
        return known
    picture = None if format_of(row.media_type).kind is Clip else looking.master(row, Picture)
    clip = looking.master(row, Clip) if format_of(row.media_type).kind is Clip else None
    shown = [picture.pixels] if picture is not None else [] if clip is None else _some(clip.frames)
    bits = [str(one["bits"]) for one in map(seen_of, shown) if one["quality"] >= QUALITY["picture"]]
    if shown:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, "\n".join(bits).encode())
    return [bytes.fromhex(one) for one in bits]


def _some(frames: Sequence[NDArray[np.uint8]] | NDArray[np.uint8] | Frames) -> list[NDArray[np.uint8]]:
    import numpy as np

    places = sorted({round(float(at)) for at in np.linspace(0, len(frames) - 1, MOST)})
    return [frames[place] for place in places]


def _frames(looking: Looking, data: bytes) -> Sequence[NDArray[np.uint8]]:
    """Frames of the master; of the file where that is gone."""
    master = looking.master(looking.row, Clip)
    if master is not None:
        return _some(master.frames)
    from luokuan.colophon.footage import look

    return list(look(data, looking.row.media_type, MOST).frames)
