"""What everybody may see of a listing, as values for pages, feeds and search engines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

from luokuan.colophon.lineage.records import read
from luokuan.i18n import _, language
from luokuan.rights.credits import as_text, credits_of
from luokuan.rights.gather import of_lineage
from luokuan.rights.market.certificate import seller_name
from luokuan.rights.market.granting import impossible
from luokuan.rights.market.listings import terms_of
from luokuan.rights.money import Money
from luokuan.rights.presets import deed_of
from luokuan.rights.words import describe
from luokuan.store.listings import ListingRow, find_preview, items_of
from luokuan.store.works import WorkRow, find_work
from luokuan.studio.files import is_shown, words

if TYPE_CHECKING:
    from datetime import datetime

    import sqlalchemy as sa

    from luokuan.store.database import Database
    from luokuan.store.home import Home

MOST_WORDS = 400
_TYPES = {"image": "ImageObject", "audio": "AudioObject", "video": "VideoObject"}


@dataclass(frozen=True, slots=True)
class Shown:
    """The preview of one work. ``media``: ``image``, ``audio``, ``video`` or ``words``; ``row``: of the preview."""

    row: WorkRow
    media: str
    words: str | None
    path: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """A listing for everybody. ``closed``: why it can't be licensed now; None: it can."""

    row: ListingRow
    price: Money
    seller: str
    previews: tuple[Shown, ...]
    closed: str | None

    @property
    def path(self) -> str:
        """Of its page."""
        return f"/market/{self.row.id}"


def shelf(connection: sa.Connection, row: ListingRow, home: Home, at: datetime, *, most: int = 1) -> Shelf:
    """A listing with the previews of its first ``most`` works."""
    found = []
    for item in items_of(connection, row.id)[:most]:
        preview = find_work(connection, find_preview(connection, item.work_id) or "")
        if preview is not None and not preview.erased:
            media = preview.media_type.partition("/")[0] if is_shown(preview.media_type) else "words"
            path = f"/market/{row.id}/preview/{item.place}"
            found.append(Shown(preview, media, words(preview, home, MOST_WORDS), path))
    price = Money(row.amount, row.currency)
    return Shelf(row, price, seller_name(connection, row.seller), tuple(found), impossible(connection, row, at))


def credits_for(connection: sa.Connection, row: ListingRow, home: Home, database: Database) -> list[str]:
    """Who is to be named with what is offered, a line each."""
    lines: list[str] = []
    for item in items_of(connection, row.id):
        work = find_work(connection, item.work_id)
        if work is not None:
            lineage = read(work, home, database, after=False)
            lines += as_text(credits_of(of_lineage(lineage, home, database))).splitlines()
    return list(dict.fromkeys(lines))


def linked_data(found: Shelf, base: str, credits: Sequence[str]) -> str:
    """The listing as schema.org says it, for a data block inside HTML: JSON-LD in which nothing ends the block."""
    terms, address = terms_of(found.row), base + found.path
    first = found.previews[0] if found.previews else None
    value: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "CreativeWork" if first is None else _TYPES.get(first.media, "CreativeWork"),
        "name": found.row.title,
        "url": address,
        "license": deed_of(terms) or f"{address}#terms",
        "acquireLicensePage": address,
        "creditText": "; ".join(credits) or found.seller,
        "creator": {"@type": "Organization", "name": found.seller},
        "copyrightNotice": found.seller,
        "digitalSourceType": "https://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
        "offers": {
            "@type": "Offer",
            "price": found.price.amount,
            "priceCurrency": found.price.currency,
            "url": address,
            "availability": "https://schema.org/" + ("InStock" if found.closed is None else "SoldOut"),
        },
    }
    if found.row.about:
        value["description"] = found.row.about
    if first is not None and first.media != "words":
        value["contentUrl"] = value["thumbnailUrl"] = base + first.path
    text = json.dumps(value, ensure_ascii=False, indent=1)
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def atom(shelves: Sequence[Shelf], base: str, updated: datetime) -> str:
    """The newest listings as an Atom feed (RFC 4287)."""
    lang = "zh-CN" if language() == "zh_CN" else "en"
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{lang}">',
        f"<title>{escape(_('Market'))}</title>",
        f"<id>{escape(base)}/market</id>",
        f'<link rel="self" type="application/atom+xml" href={quoteattr(base + "/market/feed.atom")}/>',
        f'<link rel="alternate" type="text/html" href={quoteattr(base + "/market")}/>',
        f"<updated>{_time(updated)}</updated>",
    ]
    for one in shelves:
        summary = " ".join([f"{one.price}.", one.row.about, *describe(terms_of(one.row))])
        lines += [
            "<entry>",
            f"<title>{escape(one.row.title)}</title>",
            f"<id>urn:luokuan:listing:{one.row.id}</id>",
            f'<link rel="alternate" type="text/html" href={quoteattr(base + one.path)}/>',
            f"<author><name>{escape(one.seller)}</name></author>",
            f"<updated>{_time(one.row.published_at)}</updated>",
            f"<summary>{escape(summary)}</summary>",
            "</entry>",
        ]
    return "\n".join([*lines, "</feed>", ""])


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
