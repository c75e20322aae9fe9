"""The formats in which works leave: one module each, one row each in ``FORMATS``."""

from __future__ import annotations

from pathlib import Path

from luokuan.colophon.formats import (
    flac,
    html,
    jpeg,
    m4a,
    midi,
    mp3,
    mp4,
    ogg,
    pdf,
    png,
    sheet,
    sound,
    text,
    wav,
    webm,
    webp,
)
from luokuan.colophon.formats.base import HEADER_BYTES, SIDECARS, Encoding, Format
from luokuan.colophon.formats.clip import ClipFormat
from luokuan.colophon.formats.picture import PictureFormat
from luokuan.colophon.formats.sound import SoundFormat
from luokuan.colophon.formats.text import TextFormat
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.media import Media

__all__ = [
    "CLIPS",
    "FORMATS",
    "HEADER_BYTES",
    "PICTURES",
    "SCORES",
    "SIDECARS",
    "SOUNDS",
    "TEXTS",
    "Encoding",
    "Format",
    "format_of",
    "format_of_file",
    "format_of_header",
    "format_of_path",
    "known_endings",
]


PICTURES: tuple[PictureFormat, ...] = (
    PictureFormat(
        name="PNG",
        media_type="image/png",
        suffixes=(".png",),
        encoding="lossless",
        place="iTXt chunk XML:com.adobe.xmp",
        manifest="caBX chunk",
        max_side=2**31 - 1,
        starts=png.matches,
        to_bytes=png.encode,
        embed_xmp=png.embed_xmp,
        read_xmp=png.read_xmp,
    ),
    PictureFormat(
        name="JPEG",
        media_type="image/jpeg",
        suffixes=(".jpg", ".jpeg"),
        encoding="quality 92, 4:4:4",
        place="APP1 segment",
        manifest="APP11 segments",
        max_side=65_535,
        starts=jpeg.matches,
        to_bytes=jpeg.encode,
        embed_xmp=jpeg.embed_xmp,
        read_xmp=jpeg.read_xmp,
    ),
    PictureFormat(
        name="WebP",
        media_type="image/webp",
        suffixes=(".webp",),
        encoding="quality 90, or lossless",
        place="'XMP ' chunk",
        manifest="C2PA chunk",
        max_side=16_383,
        starts=webp.matches,
        to_bytes=webp.encode,
        embed_xmp=webp.embed_xmp,
        read_xmp=webp.read_xmp,
    ),
)

TEXTS: tuple[TextFormat, ...] = (text.PLAIN, text.MARKDOWN, text.JSON, html.HTML)
SCORES: tuple[midi.MidiFormat | sheet.SheetFormat | pdf.PdfFormat, ...] = (
    midi.MIDI,
    sheet.MUSICXML,
    sheet.SVG,
    pdf.PDF,
)

SOUNDS: tuple[SoundFormat, ...] = (
    SoundFormat(
        name="WAV",
        media_type="audio/wav",
        suffixes=(".wav",),
        encoding="PCM, 16 or 24 bits",
        place="chunk AIGC; XMP in chunk _PMX",
        manifest="C2PA chunk",
        channels=64,
        rates=(8_000, 384_000),
        any_rate=True,
        exact=True,
        starts=wav.matches,
        to_bytes=wav.encode,
        add_label=wav.tag,
        find_labels=wav.read_labels,
        decode=sound.read,
    ),
    SoundFormat(
        name="FLAC",
        media_type="audio/flac",
        suffixes=(".flac",),
        encoding="lossless, 16 or 24 bits",
        place="Vorbis comments AIGC and DigitalSourceType",
        manifest="ID3v2 frame GEOB before it",
        channels=8,
        rates=(8_000, 384_000),
        any_rate=True,
        exact=True,
        starts=flac.matches,
        to_bytes=flac.encode,
        add_label=flac.tag,
        find_labels=flac.read_labels,
        decode=sound.read,
    ),
    SoundFormat(
        name="MP3",
        media_type="audio/mpeg",
        suffixes=(".mp3",),
        encoding="LAME, variable bit rate V2",
        place="ID3v2 frame TXXX:AIGC; XMP in frame PRIV",
        manifest="ID3v2 frame GEOB",
        channels=2,
        rates=mp3.RATES,
        starts=mp3.matches,
        to_bytes=mp3.encode,
        add_label=mp3.tag,
        find_labels=mp3.read_labels,
        decode=sound.read,
    ),
    SoundFormat(
        name="Ogg Vorbis",
        media_type="audio/ogg",
        suffixes=(".ogg", ".oga"),
        encoding="quality 6",
        place="Vorbis comments AIGC and DigitalSourceType",
        manifest="FILE.c2pa beside it",
        channels=8,
        rates=(8_000, 192_000),
        any_rate=True,
        starts=ogg.matches_vorbis,
        to_bytes=ogg.encode_vorbis,
        add_label=ogg.tag,
        find_labels=ogg.read_labels,
        decode=sound.read,
        embeds_manifest=False,
    ),
    SoundFormat(
        name="Opus",
        media_type="audio/ogg; codecs=opus",
        suffixes=(".opus",),
        encoding="96 kbit/s a channel",
        place="Vorbis comments AIGC and DigitalSourceType",
        manifest="FILE.c2pa beside it",
        channels=8,
        rates=ogg.OPUS_RATES,
        starts=ogg.matches_opus,
        to_bytes=ogg.encode_opus,
        add_label=ogg.tag,
        find_labels=ogg.read_labels,
        decode=sound.read,
        embeds_manifest=False,
    ),
    SoundFormat(
        name="M4A",
        media_type="audio/mp4",
        suffixes=(".m4a",),
        encoding="AAC-LC, 112 kbit/s a channel, by ffmpeg",
        place="moov/udta/meta, key AIGC; XMP in a uuid box",
        manifest="uuid box",
        channels=8,
        rates=m4a.RATES,
        starts=m4a.matches,
        to_bytes=m4a.encode,
        add_label=m4a.tag,
        find_labels=m4a.read_labels,
        decode=m4a.decode,
    ),
)

CLIPS: tuple[ClipFormat, ...] = (
    ClipFormat(
        name="MP4",
        media_type="video/mp4",
        suffixes=(".mp4",),
        encoding="AV1 and AAC-LC, by ffmpeg",
        place="moov/udta/meta, key AIGC; XMP in a uuid box",
        manifest="uuid box",
        rates=m4a.RATES,
        starts=mp4.matches,
        to_bytes=mp4.encode,
        add_label=mp4.tag,
        find_labels=mp4.read_labels,
    ),
    ClipFormat(
        name="WebM",
        media_type="video/webm",
        suffixes=(".webm",),
        encoding="VP9 and Opus, by ffmpeg",
        place="SimpleTags AIGC and DIGITALSOURCETYPE",
        manifest="FILE.c2pa beside it",
        rates=ogg.OPUS_RATES,
        starts=webm.matches,
        to_bytes=webm.encode,
        add_label=webm.tag,
        find_labels=webm.read_labels,
        embeds_manifest=False,
    ),
)

FORMATS: tuple[Format, ...] = (*PICTURES, *SOUNDS, *CLIPS, *TEXTS, *SCORES)


def format_of(media_type: str, kind: type[Media] | None = None) -> Format:
    """The format with this media type.

    Raises:
        UserError: no work, or none of this ``kind``, can leave in it.
    """
    for row in FORMATS:
        if row.media_type == media_type and kind in (None, row.kind):
            return row
    raise _unknown(media_type, kind)


def format_of_path(path: Path, kind: type[Media] | None = None) -> Format:
    """The format that a file name asks for by its ending.

    Raises:
        UserError: the ending is missing or unknown, or that format holds no work of this ``kind``.
    """
    for row in FORMATS:
        if path.suffix.lower() in row.suffixes and kind in (None, row.kind):
            return row
    raise _unknown(path.name, kind)


def format_of_header(data: bytes) -> Format | None:
    """The format of a file by its first ``HEADER_BYTES`` bytes, never by its name; None when nothing in them tells."""
    for row in FORMATS:
        if row.matches(data):
            return row
    return None


def format_of_file(data: bytes) -> Format | None:
    """The format of a whole file; text that says nothing of itself is plain text."""
    return format_of_header(data) or (text.PLAIN if text.is_text(data) else None)


def known_endings(kind: type[Media] | None = None) -> str:
    """The endings of all formats, or of those of one kind, for people."""
    return ", ".join(ending for row in FORMATS for ending in row.suffixes if kind in (None, row.kind))


def _unknown(name: str, kind: type[Media] | None = None) -> UserError:
    return UserError(
        _("Works can't leave as {name}.", name=name),
        _("Choose one of {formats}.", formats=known_endings(kind)),
        code="format.unknown",
        status=415,
    )
