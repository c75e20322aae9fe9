"""Sheets of music: MusicXML for programs of notation, SVG for eyes. No C2PA manifest in either: it lies beside.

GB 45438-2025 names no place in them. The AIGC label lies where each has room for what programs read: in MusicXML in a
``<miscellaneous-field>`` of its identification, in SVG in ``<metadata>``; and beside, as for plain text. The explicit
label is MusicXML's ``<rights>`` and a line at the foot of its first page; in SVG it stands under the staves.

Files of others are searched for labels in their first ``HEAD_BYTES``, and not parsed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from luokuan.colophon.aigc import MAX_LENGTH, Aigc
from luokuan.colophon.formats import engraving, musicxml
from luokuan.colophon.formats.agreement import agreed
from luokuan.colophon.formats.base import Encoding, Tagged, damaged
from luokuan.colophon.formats.midi import MIDI
from luokuan.colophon.formats.notation import Sheet, sounding, write
from luokuan.colophon.formats.text import PLAIN
from luokuan.colophon.usage import NO_RIGHTS, Rights
from luokuan.colophon.xmp import GENERATED, Labels
from luokuan.media import Media, Score

if TYPE_CHECKING:
    from luokuan.colophon.enlarge import Method
    from luokuan.colophon.label import LabelOptions

HEAD_BYTES = 256 * 1024
"""How far into a file its label is looked for; ours stands in the first 2,000 bytes."""
TAIL_BYTES = 4096
"""How near its end the last element ends."""
_AIGC, _SOURCE = "AIGC", "digitalSourceType"
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'", "&amp;": "&"}


@dataclass(frozen=True, slots=True)
class SheetFormat:
    """One format of sheet music; see ``Format``.

    Args:
        begins: How its files begin.
        to_text: A sheet to the file's text.
        examine: Reads the file back against the sheet.
        anchor: Before what in the text the implicit label is put.
        element: The elements of the implicit label, and
        attribute: which of theirs holds its name.
        around: What stands around those elements.
        marked: Where the work's id stands in the explicit label.
    """

    name: str
    media_type: str
    suffixes: tuple[str, ...]
    encoding: str
    place: str
    begins: re.Pattern[bytes]
    to_text: Callable[[Sheet], str]
    examine: Callable[[bytes, Sheet], None]
    anchor: str
    element: str
    attribute: str
    around: tuple[str, str]
    marked: re.Pattern[bytes]
    kind: type[Score] = Score
    manifest: str = "FILE.c2pa beside it"
    embeds_manifest: bool = False

    def matches(self, data: bytes) -> bool:
        """Whether ``data`` begins as this format's files do."""
        return self.begins.match(data) is not None

    def label_text(self, options: LabelOptions) -> str:
        """What stands on it."""
        return options.text

    def labelled(self, media: Media, options: LabelOptions, method: Method, work_id: str) -> Score:
        """The score with the label as its notice; see ``MidiFormat.labelled``."""
        return MIDI.labelled(media, options, method, work_id)

    def encode(self, media: Media, _encoding: Encoding) -> bytes:
        """The sheet.

        Raises:
            UserError: it has no notes or too many, or what draws it isn't installed.
        """
        assert isinstance(media, Score)
        return self.to_text(write(media)).encode()

    def tag(self, data: bytes, aigc: Aigc, source: str = GENERATED, _rights: Rights = NO_RIGHTS) -> Tagged:
        """The file with AIGC and IPTC source type as elements, and both beside it."""
        fields = [
            f'<{self.element} {self.attribute}="{name}">{escape(value)}</{self.element}>'
            for name, value in ((_AIGC, aigc.build()), (_SOURCE, source))
        ]
        added = "".join((self.around[0], *fields, self.around[1])).encode()
        anchor = self.anchor.encode()
        return Tagged(data.replace(anchor, added + anchor, 1), PLAIN.add_label(data, aigc, source, NO_RIGHTS).sidecars)

    def read_labels(self, data: bytes, sidecars: Mapping[str, bytes]) -> Labels:
        """What elements at the beginning, and what lies beside, say.

        Raises:
            UserError: it is damaged, or they contradict each other.
        """
        if self.ending not in data[-TAIL_BYTES:]:
            raise damaged(self.name)
        beside = PLAIN.find_labels(data, sidecars)
        return agreed(
            self._fields(data, _AIGC) + [one for one in (beside.aigc,) if one is not None],
            self._fields(data, _SOURCE) + [one for one in (beside.source,) if one is not None],
        )

    @property
    def ending(self) -> bytes:
        """How its files end."""
        return b"</svg>" if self.media_type.startswith("image/") else b"</score-partwise>"

    def _fields(self, data: bytes, name: str) -> list[str]:
        # As any writer of XML may put it: other attributes, either quotes, spaces, a namespace's prefix.
        pattern = rf"<(?:\w{{1,40}}:)?{self.element}\s[^<>]{{0,400}}?(?<=\s){self.attribute}\s{{0,9}}=\s{{0,9}}([\"'])"
        pattern += rf"{name}\1[^<>]{{0,400}}>([^<]{{0,{2 * MAX_LENGTH}}})</(?:\w{{1,40}}:)?{self.element}\s{{0,9}}>"
        values = [found[2] for found in re.finditer(pattern.encode(), data[:HEAD_BYTES])]
        return [
            re.sub("&(lt|gt|quot|apos|amp);", lambda found: _ENTITIES[found[0]], value.decode("utf-8", "replace"))[
                : MAX_LENGTH + 1
            ]
            for value in values
        ]

    def mark(self, data: bytes) -> str | None:
        """The work's id in the explicit label, or None."""
        found = self.marked.search(data)
        return None if found is None else found[1].decode()

    def samples(self, _data: bytes) -> None:
        """None: a sheet has no samples that could carry a watermark."""

    def check(self, data: bytes, media: Media, _encoding: Encoding, _decoded: Media | None = None) -> None:
        """Read the notes back.

        Raises:
            RuntimeError: they differ, or something in the file could run.
        """
        assert isinstance(media, Score)
        self.examine(data, write(media))


def _same_notes(data: bytes, sheet: Sheet) -> None:
    if musicxml.notes_in(data) != [sounding(staff, sheet.bar) for staff in sheet.staves]:
        raise RuntimeError("the sheet reads back with other notes")
    if sheet.notice and f"<rights>{escape(sheet.notice)}</rights>".encode() not in data:
        raise RuntimeError("the sheet reads back without its label")


MUSICXML = SheetFormat(
    name="MusicXML",
    media_type="application/vnd.recordare.musicxml+xml",
    suffixes=(".musicxml",),
    encoding="MusicXML 4.0, partwise",
    place="miscellaneous-field AIGC, and FILE.aigc.json beside it",
    begins=re.compile(rb"\s*<\?xml[^>]{0,100}\?>\s*<!DOCTYPE score-partwise"),
    to_text=musicxml.build,
    examine=_same_notes,
    anchor="</identification>",
    element="miscellaneous-field",
    attribute="name",
    around=("<miscellaneous>", "</miscellaneous>\n"),
    marked=re.compile(rb"<rights>[^<]*\[luokuan:([0-9a-f]{16})\]</rights>"),
)
SVG = SheetFormat(
    name="SVG",
    media_type="image/svg+xml",
    suffixes=(".svg",),
    encoding="staves, by verovio",
    place='<metadata id="AIGC">, and FILE.aigc.json beside it',
    begins=re.compile(rb"(?:\s*<\?xml[^>]{0,100}\?>)?\s*<svg[\s>]"),
    to_text=engraving.engrave,
    examine=engraving.examine,
    anchor="<title>",
    element="metadata",
    attribute="id",
    around=("", "\n"),
    marked=re.compile(rb'<text class="mark"[^>]*>\[luokuan:([0-9a-f]{16})\]</text>'),
)
