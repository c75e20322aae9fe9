"""HTML: a page that shows its label before the text, and holds no script.

GB 45438-2025 names no place for the AIGC label in HTML. It lies where a page's metadata lie (HTML Living Standard,
section 4.2.5) and where other makers put it too: in ``<meta name="AIGC" content="{…}">``; and beside, as for plain
text. No page holds a C2PA manifest: it lies beside. The text is escaped, so that nothing in it is markup, and the
page's policy (CSP) allows no script, were there one.

Pages of others are read by ``html.parser``, which runs nothing and fetches nothing, and no further than their first
``HEAD_BYTES``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape, unescape
from html.parser import HTMLParser

from luokuan.colophon.aigc import MAX_LENGTH, Aigc
from luokuan.colophon.formats.agreement import agreed
from luokuan.colophon.formats.base import Tagged, damaged
from luokuan.colophon.formats.text import PLAIN, TextFormat, mark_in
from luokuan.colophon.usage import NO_RIGHTS, Rights
from luokuan.colophon.xmp import Labels
from luokuan.media import Text

HEAD_BYTES = 256 * 1024
"""How far into a page its label is looked for; ours stands in the first 300 bytes."""

_NAME = "HTML"
_AIGC, _SOURCE = "AIGC", "digitalSourceType"
_TITLE = 80
_CHARSET = '<meta charset="utf-8">\n'
_PAGE = """<!DOCTYPE html>
<html{lang}>
<head>
{charset}<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ color: #000; background: #fff; font: 1.1em/1.6 sans-serif; margin: 0 auto; max-width: 42em; padding: 1em }}
.aigc {{ background: #fff; border-bottom: 1px solid #000; margin: 0 0 1em; padding: .3em 0; position: sticky; top: 0 }}
.text {{ overflow-wrap: anywhere; white-space: pre-wrap }}
</style>
</head>
<body>
<main>
"""
_LABEL_START, _LABEL_END = '<p class="aigc" role="note">', "</p>\n"
_TEXT_START, _TEXT_END = '<div class="text">', "</div>\n</main>\n</body>\n</html>\n"
_LINE = re.compile(r"([^\n]*) \[luokuan:([0-9a-f]{16})\]")
_SHOWN_MARK = re.compile(rb"<small>\[luokuan:([0-9a-f]{16})\]</small>" + _LABEL_END.encode())
_SCRIPTS = re.compile(r"([一-鿿]+)|[^一-鿿]+")


def _encode(text: Text) -> bytes:
    body, line = _parts(text.text)
    title = body.strip().split("\n", 1)[0][:_TITLE]
    page = _PAGE.format(
        lang=f' lang="{escape(text.language)}"' if text.language else "", charset=_CHARSET, title=escape(title)
    )
    label = "" if line is None else _LABEL_START + _shown(line) + _LABEL_END
    return f"{page}{label}{_TEXT_START}{escape(body)}{_TEXT_END}".encode()


def _parts(text: str) -> tuple[str, str | None]:
    """The body, and the label that stands under it, where one does."""
    body, gap, line = text.removesuffix("\n").rpartition("\n\n")
    if gap and _LINE.fullmatch(line):
        return body, line
    return text.removesuffix("\n"), None


def _shown(line: str) -> str:
    """The label as markup, each language marked as such."""
    found = _LINE.fullmatch(line)
    assert found is not None
    pieces = []
    for piece in _SCRIPTS.finditer(found[1]):
        words = escape(piece[0].strip(" "))
        kept = piece[0].replace(piece[0].strip(" "), "\0", 1) if words else piece[0]
        pieces.append(kept.replace("\0", f'<span lang="{"zh-CN" if piece[1] else "en"}">{words}</span>'))
    return f"{''.join(pieces)} <small>[luokuan:{found[2]}]</small>"


def _text(data: bytes) -> str:
    """The text of a page of ours.

    Raises:
        ValueError: it has another shape.
    """
    page = data.decode()
    _before, main, rest = page.partition("<main>\n")
    line = ""
    if rest.startswith(_LABEL_START):
        shown, _end, rest = rest.removeprefix(_LABEL_START).partition(_LABEL_END)
        line = "\n\n" + unescape(re.sub(r"<[^<>]*>", "", shown))
    if not main or not rest.startswith(_TEXT_START) or not rest.endswith(_TEXT_END):
        raise ValueError("this is no page of ours")
    return f"{unescape(rest.removeprefix(_TEXT_START).removesuffix(_TEXT_END))}{line}\n"


def _tag(data: bytes, aigc: Aigc, source: str, rights: Rights = NO_RIGHTS) -> Tagged:
    metas = (
        f'<meta name="{_AIGC}" content="{escape(aigc.build())}">\n<meta name="{_SOURCE}" content="{escape(source)}">\n'
    )
    if rights.page:
        # The HTML Living Standard, section 4.6.7.8: the licence of what the page is mainly about.
        metas += f'<link rel="license" href="{escape(rights.page)}">\n'
    charset = _CHARSET.encode()
    beside = PLAIN.add_label(data, aigc, source, NO_RIGHTS).sidecars
    return Tagged(data.replace(charset, charset + metas.encode(), 1), beside)


class _Metas(HTMLParser):
    """Collects the two metadata; everything else passes by."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, list[str]] = {_AIGC: [], _SOURCE: []}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the content of a meta element with a known name (names are compared without case)."""
        if tag != "meta":
            return
        values = dict(reversed(attrs))  # of two attributes with one name, the first counts
        for name, found in self.found.items():
            if (values.get("name") or "").lower() == name.lower():
                found.append((values.get("content") or "")[: MAX_LENGTH + 1])


def _metas(data: bytes) -> dict[str, list[str]]:
    reader = _Metas()
    try:
        # Not closed: what is open where the head ends is no label, and closing reads it again and again.
        reader.feed(data[:HEAD_BYTES].decode("utf-8", "replace"))
    except (AssertionError, ValueError, RecursionError) as error:  # what html.parser raises for declarations
        raise damaged(_NAME) from error
    return reader.found


def _labels(data: bytes, sidecars: Mapping[str, bytes]) -> Labels:
    metas, beside = _metas(data), PLAIN.find_labels(data, sidecars)
    return agreed(
        metas[_AIGC] + [one for one in (beside.aigc,) if one is not None],
        metas[_SOURCE] + [one for one in (beside.source,) if one is not None],
    )


def _mark(data: bytes) -> str | None:
    found = _SHOWN_MARK.search(data[:HEAD_BYTES])
    # Plain text may begin like a page, and then ends with its mark.
    return mark_in(data) if found is None else found[1].decode()


def is_labelled(head: bytes) -> bool:
    """Whether a page that begins with ``head`` (``HEAD_BYTES`` of it) has an AIGC label, right or wrong."""
    return re.search(rb"<meta\s[^>]{0,200}\bAIGC\b", head, re.IGNORECASE) is not None


HTML = TextFormat(
    name=_NAME,
    media_type="text/html",
    suffixes=(".html", ".htm"),
    place='<meta name="AIGC">, and FILE.aigc.json beside it',
    begins=re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html\b)", re.IGNORECASE),
    to_bytes=_encode,
    add_label=_tag,
    find_labels=_labels,
    to_text=_text,
    find_mark=_mark,
    shows_first=True,
)
