"""PDF: sheets of music for printers.

The AIGC label lies where GB 45438-2025 has it, in ``/AIGC`` of what a file says of itself; the IPTC source type, and
who may do what with the work, in its XMP packet. The C2PA manifest is a file within the file; c2pa-rs writes all
objects anew when it puts it there. The explicit label stands at the foot of each page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from luokuan.colophon import xmp
from luokuan.colophon.aigc import MAX_LENGTH, Aigc
from luokuan.colophon.formats.agreement import agreed
from luokuan.colophon.formats.base import Encoding, Tagged, damaged
from luokuan.colophon.formats.engraving import MARK
from luokuan.colophon.formats.midi import MIDI
from luokuan.colophon.formats.notation import write
from luokuan.colophon.formats.pdffile import PdfFile, added
from luokuan.colophon.formats.pdfvalue import Name, Ref, Stream, text_of
from luokuan.colophon.formats.printing import imprint, told
from luokuan.colophon.usage import NO_RIGHTS, Rights
from luokuan.media import Media, Score

if TYPE_CHECKING:
    from luokuan.colophon.enlarge import Method
    from luokuan.colophon.label import LabelOptions

_AIGC = "AIGC"
_OWN = 1 << 30
"""Most bytes that are expanded of a file that was just written."""


@dataclass(frozen=True, slots=True)
class PdfFormat:
    """See ``Format``."""

    name: str = "PDF"
    media_type: str = "application/pdf"
    suffixes: tuple[str, ...] = (".pdf",)
    encoding: str = "staves on pages of A4, by verovio and fpdf2"
    place: str = "Info, key AIGC; XMP in the catalog's Metadata"
    manifest: str = "embedded file"
    kind: type[Score] = Score
    embeds_manifest: bool = True

    def matches(self, data: bytes) -> bool:
        """Whether ``data`` begins as PDF does."""
        return data.startswith(b"%PDF-")

    def label_text(self, options: LabelOptions) -> str:
        """What stands on each page."""
        return options.text

    def labelled(self, media: Media, options: LabelOptions, method: Method, work_id: str) -> Score:
        """The score with the label as its notice; see ``MidiFormat.labelled``."""
        return MIDI.labelled(media, options, method, work_id)

    def encode(self, media: Media, _encoding: Encoding) -> bytes:
        """The sheet on its pages.

        Raises:
            UserError: it has no notes or too many, what draws it isn't installed, or no font has all letters.
        """
        assert isinstance(media, Score)
        return imprint(write(media))

    def tag(self, data: bytes, aigc: Aigc, source: str = xmp.GENERATED, rights: Rights = NO_RIGHTS) -> Tagged:
        """The file with AIGC among what it says of itself, and IPTC source type and rights in an XMP packet."""
        file = PdfFile(data, _OWN)
        info, root, size = file.trailer["Info"], file.trailer["Root"], file.trailer["Size"]
        about = {"Type": Name("Metadata"), "Subtype": Name("XML")}
        objects = {
            info.number: {**file.info, _AIGC: aigc.build().encode("ascii")},
            root.number: {**file.catalog, "Metadata": Ref(size, 0)},
            size: Stream(about, xmp.build(None, source, rights.description)),
        }
        return Tagged(added(file, objects, {}))

    def read_labels(self, data: bytes, _sidecars: Mapping[str, bytes]) -> xmp.Labels:
        """What it says of itself, and its XMP packet. Of an encrypted file nothing is read.

        Raises:
            UserError: it is damaged, goes beyond our bounds, or both contradict each other.
        """
        try:
            file = PdfFile(data)
            if file.encrypted:
                return xmp.Labels()
            said = text_of(file.resolve(file.info.get(_AIGC)))
            found = file.resolve(file.catalog.get("Metadata"))
            packet = file.expanded(found) if isinstance(found, Stream) else None
        except ValueError as error:
            raise damaged(self.name) from error
        labels = xmp.Labels() if packet is None else xmp.parse(packet)
        aigc = [one for one in (said, labels.aigc) if one is not None]
        return agreed([one[: MAX_LENGTH + 1] for one in aigc], [] if labels.source is None else [labels.source])

    def mark(self, data: bytes) -> str | None:
        """The work's id in the explicit label of the first page, or None."""
        try:
            file = PdfFile(data)
            page = next(file.pages(), None)
            _notes, said = told([] if page is None else [file.contents(page)])
        except ValueError:
            return None
        found = MARK.search(said[-1]) if said else None
        return None if found is None else found[1].removeprefix("[luokuan:").removesuffix("]")

    def samples(self, _data: bytes) -> None:
        """None: a sheet has no samples that could carry a watermark."""

    def check(self, data: bytes, media: Media, _encoding: Encoding, _decoded: Media | None = None) -> None:
        """Read notes and labels of the pages back.

        Raises:
            RuntimeError: they differ.
        """
        assert isinstance(media, Score)
        sheet, file = write(media), PdfFile(data, _OWN)
        pages = list(file.pages())
        notes, said = told(file.contents(page) for page in pages)
        if notes != sheet.heads:
            raise RuntimeError("the sheet reads back with other notes")
        if said != [sheet.notice] * len(pages) * bool(sheet.notice):
            raise RuntimeError("the sheet reads back with another label")


PDF = PdfFormat()
