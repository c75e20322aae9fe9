"""Text: plain, Markdown, JSON. UTF-8 without byte order mark, lines end with a line feed.

No text holds a C2PA manifest: it lies beside, in ``FILE.c2pa``. The AIGC label lies in the YAML front matter of
Markdown and under the key ``AIGC`` of JSON; for plain text GB 45438-2025 names no place, so it lies beside, in
``FILE.aigc.json``. The explicit label, the text's last line, ends with the work's id: who has lost what lay beside can
still ask the home that made it. A long text begins with the label, too, unless only the Chinese rules are to be met.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from luokuan.colophon.aigc import MAX_LENGTH, Aigc
from luokuan.colophon.formats.base import LABEL, Encoding, Tagged, damaged
from luokuan.colophon.usage import NO_RIGHTS, Rights
from luokuan.colophon.xmp import GENERATED, Labels
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.media import Media, Text

if TYPE_CHECKING:
    from luokuan.colophon.enlarge import Method
    from luokuan.colophon.label import LabelOptions

SCREEN_LINES, SCREEN_COLUMNS = 24, 80
"""What a reader sees at once: a terminal of 24 lines and 80 columns."""
MAX_CHARACTERS = 16_000_000
"""Longest text that is finished."""
_CONTROLS = {code: None for code in (*range(32), *range(127, 160)) if code not in (9, 10)} | {0xFEFF: None}
"""Characters that no reader shows and some obey, such as the start of a terminal's command."""
_MARK = re.compile(r"\[luokuan:([0-9a-f]{16})\]\s*\Z")
_AIGC_LINE = re.compile(r"AIGC: '(\{[^'\n]*\})'")
_SOURCE_LINE = re.compile(r"digitalSourceType: (\S+)")
_SOURCE = "digitalSourceType"


def is_text(data: bytes) -> bool:
    """Whether ``data`` is UTF-8 with no character that no text holds (NUL); an empty file is none."""
    try:
        return bool(data) and b"\0" not in data and bool(data.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def mark_in(data: bytes) -> str | None:
    """The work's id in the explicit label at the end of a text, or None."""
    found = _MARK.search(data[-200:].decode("utf-8", "ignore"))
    return None if found is None else found[1]


def words_of(text: str) -> str:
    """A text without the last line that we write under it, and without the same words as its first one."""
    found = _MARK.search(text)
    if found is None:
        return text
    last = text.rfind("\n", 0, found.start()) + 1
    start = text[last : found.start()].rstrip() + "\n\n"
    return text[:last].removeprefix(start).rstrip("\n")


def _label(media: Media, options: LabelOptions, work_id: str, lead: bool) -> str:
    """The text with its label at the end; with ``lead``, at the beginning as well where a reader would meet it late."""
    assert isinstance(media, Text)
    body = media.text.replace("\r\n", "\n").replace("\r", "\n").translate(_CONTROLS).strip("\n")
    if not body.strip():
        raise UserError(_("The text is empty."), _("Ask for another one."), code="text.empty")
    if len(body) > MAX_CHARACTERS:
        raise UserError(
            _("The text has {count} characters; {most} at most.", count=len(body), most=MAX_CHARACTERS),
            _("Make it shorter."),
            code="text.long",
        )
    try:
        body.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UserError(
            _("The text holds half a character (a lone surrogate)."), _("Leave it out."), code="text.surrogate"
        ) from error
    if not options.text:
        return f"{body}\n"
    long = body.count("\n") >= SCREEN_LINES or len(body) > SCREEN_LINES * SCREEN_COLUMNS
    start = f"{options.text}\n\n" if lead and long and options.meets_at_once else ""
    return f"{start}{body}\n\n{options.text} [luokuan:{work_id}]\n"


def _plain_tag(data: bytes, aigc: Aigc, source: str, _rights: Rights = NO_RIGHTS) -> Tagged:
    return Tagged(data, {LABEL: json.dumps({"AIGC": aigc.to_dict(), _SOURCE: source}, indent=1).encode() + b"\n"})


def _plain_labels(_data: bytes, sidecars: Mapping[str, bytes]) -> Labels:
    return _object_labels(sidecars[LABEL]) if LABEL in sidecars else Labels()


def _front_tag(data: bytes, aigc: Aigc, source: str, _rights: Rights = NO_RIGHTS) -> Tagged:
    # The label is ASCII; in YAML's single quotes only the quote itself has a meaning.
    quoted = aigc.build().replace("'", "''")
    return Tagged(f"---\nAIGC: '{quoted}'\n{_SOURCE}: {source}\n---\n\n".encode() + data)


def _front(data: bytes) -> tuple[list[str], bytes]:
    """Lines of the front matter, and what follows it."""
    end = data.find(b"\n---\n", 3, 2 * MAX_LENGTH)
    if not data.startswith(b"---\n") or end < 0:
        return [], data
    return data[4:end].decode("utf-8", "replace").split("\n"), data[end + 5 :]


def _front_labels(data: bytes, _sidecars: Mapping[str, bytes]) -> Labels:
    aigc, source = [], []
    for line in _front(data)[0]:
        if line.startswith("AIGC:"):
            found = _AIGC_LINE.fullmatch(line.replace("''", "\\u0027"))
            aigc.append(found[1] if found else line)
        elif found := _SOURCE_LINE.fullmatch(line):
            source.append(found[1])
    if len(aigc) > 1 or len(source) > 1:
        raise damaged("Markdown")
    return Labels(aigc[0] if aigc else None, source[0] if source else None)


def _object_tag(data: bytes, aigc: Aigc, source: str, _rights: Rights = NO_RIGHTS) -> Tagged:
    whole = {"AIGC": aigc.to_dict(), _SOURCE: source, **json.loads(data)}
    return Tagged(json.dumps(whole, ensure_ascii=False, indent=1).encode() + b"\n")


def _object_labels(data: bytes, _sidecars: Mapping[str, bytes] | None = None) -> Labels:
    try:
        values: Any = json.loads(data.decode("utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise damaged("JSON") from error
    if not isinstance(values, dict):
        return Labels()
    aigc, source = values.get("AIGC"), values.get(_SOURCE)
    return Labels(
        None if aigc is None else json.dumps(aigc)[: MAX_LENGTH + 1], source if isinstance(source, str) else None
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs) and "AIGC" in values:
        raise ValueError("a name stands there twice")
    return values


def _object_encode(text: Text) -> bytes:
    named = {"language": text.language} if text.language else {}
    return json.dumps({**named, "text": text.text}, ensure_ascii=False).encode()


@dataclass(frozen=True, slots=True)
class TextFormat:
    """One format of text; see ``Format``.

    Args:
        begins: Whether bytes begin as this format's files do when they leave here; None: nothing tells.
        to_bytes: Text to bytes.
        add_label: Adds the implicit label.
        find_labels: Reads it.
        to_text: Bytes with the implicit label to text.
        find_mark: The work's id in the explicit label of a file.
        shows_first: Whether the file shows the explicit label before the text.
    """

    name: str
    media_type: str
    suffixes: tuple[str, ...]
    place: str
    begins: re.Pattern[bytes] | None
    to_bytes: Callable[[Text], bytes]
    add_label: Callable[[bytes, Aigc, str, Rights], Tagged]
    find_labels: Callable[[bytes, Mapping[str, bytes]], Labels]
    to_text: Callable[[bytes], str]
    encoding: str = "UTF-8"
    manifest: str = "FILE.c2pa beside it"
    kind: type[Text] = Text
    embeds_manifest: bool = False
    find_mark: Callable[[bytes], str | None] = mark_in
    shows_first: bool = False

    def matches(self, data: bytes) -> bool:
        """Whether ``data`` begins as this format's files do."""
        return self.begins is not None and self.begins.match(data) is not None

    def label_text(self, options: LabelOptions) -> str:
        """What stands on it."""
        return options.text

    def mark(self, data: bytes) -> str | None:
        """The work's id in the explicit label, or None."""
        return self.find_mark(data)

    def labelled(self, media: Media, options: LabelOptions, _method: Method, work_id: str) -> Text:
        """The text with a last line that says that AI made it, and which work it is, unless that is waived.

        Raises:
            UserError: it is empty, too long, or no text.
        """
        assert isinstance(media, Text)
        return Text(_label(media, options, work_id, not self.shows_first), media.language)

    def encode(self, media: Media, _encoding: Encoding) -> bytes:
        """The text's bytes."""
        assert isinstance(media, Text)
        return self.to_bytes(media)

    def tag(self, data: bytes, aigc: Aigc, source: str = GENERATED, rights: Rights = NO_RIGHTS) -> Tagged:
        """The file with its implicit label."""
        return self.add_label(data, aigc, source, rights)

    def read_labels(self, data: bytes, sidecars: Mapping[str, bytes]) -> Labels:
        """What the implicit label says.

        Raises:
            UserError: it is damaged.
        """
        return self.find_labels(data, sidecars)

    def samples(self, _data: bytes) -> Media | None:
        """None: the watermark of texts lies in their words."""
        return None

    def check(self, data: bytes, media: Media, _encoding: Encoding, _decoded: Media | None = None) -> None:
        """Read the text back.

        Raises:
            RuntimeError: it is another one.
        """
        assert isinstance(media, Text)
        if self.to_text(data) != media.text:
            raise RuntimeError("the text reads back differently")


PLAIN = TextFormat(
    name="plain text",
    media_type="text/plain",
    suffixes=(".txt",),
    place="FILE.aigc.json beside it",
    begins=None,
    to_bytes=lambda text: text.text.encode(),
    add_label=_plain_tag,
    find_labels=_plain_labels,
    to_text=lambda data: data.decode(),
)
MARKDOWN = TextFormat(
    name="Markdown",
    media_type="text/markdown",
    suffixes=(".md",),
    place="YAML front matter, key AIGC",
    begins=re.compile(rb"---\nAIGC: "),
    to_bytes=lambda text: text.text.encode(),
    add_label=_front_tag,
    find_labels=_front_labels,
    to_text=lambda data: _front(data)[1].removeprefix(b"\n").decode(),
)
JSON = TextFormat(
    name="JSON",
    media_type="application/json",
    suffixes=(".json",),
    place="key AIGC",
    begins=re.compile(rb'\{\s*"AIGC"'),
    to_bytes=_object_encode,
    add_label=_object_tag,
    find_labels=_object_labels,
    to_text=lambda data: str(json.loads(data)["text"]),
)
