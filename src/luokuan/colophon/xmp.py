"""The XMP packet (ISO 16684-1) of a file: the AIGC label and the IPTC digital source type."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from luokuan.colophon.aigc import Aigc
from luokuan.errors import UserError
from luokuan.i18n import _

AIGC_NAMESPACE = "http://www.tc260.org.cn/ns/AIGC/1.0/"
IPTC_NAMESPACE = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
GENERATED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""IPTC digital source type of what a trained model made."""

MAX_BYTES = 1 << 20
"""Largest packet that is parsed."""

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{rdf}"><rdf:Description rdf:about="" \
xmlns:TC260="{aigc_namespace}" xmlns:Iptc4xmpExt="{iptc_namespace}">
{aigc}<Iptc4xmpExt:DigitalSourceType>{source}</Iptc4xmpExt:DigitalSourceType>
</rdf:Description>{rights}</rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""


@dataclass(frozen=True, slots=True)
class Labels:
    """What a packet says. ``aigc``: text of TC260:AIGC, unparsed; ``source``: IPTC DigitalSourceType."""

    aigc: str | None = None
    source: str | None = None


def build(aigc: Aigc | None, source: str = GENERATED, rights: str = "") -> bytes:
    """An XMP packet with both labels, UTF-8; without AIGC where the format has another place for it. ``rights``: what
    else it holds, see ``usage``."""
    label = "" if aigc is None else f"<TC260:AIGC>{escape(aigc.build())}</TC260:AIGC>\n"
    return _PACKET.format(
        rdf=_RDF,
        aigc_namespace=AIGC_NAMESPACE,
        iptc_namespace=IPTC_NAMESPACE,
        aigc=label,
        source=escape(source),
        rights=rights,
    ).encode()


def parse(packet: bytes) -> Labels:
    """What ``packet`` says; document types, entities and outside references are refused.

    Raises:
        UserError: it is no XML, is too large, holds a forbidden construct, or says one thing twice.
    """
    if len(packet) > MAX_BYTES:
        raise _invalid()
    try:
        root = fromstring(packet.strip(b"\0 \t\r\n"), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise _invalid() from error
    return Labels(_property(root, AIGC_NAMESPACE, "AIGC"), _property(root, IPTC_NAMESPACE, "DigitalSourceType"))


def _property(root: Element, namespace: str, name: str) -> str | None:
    """A simple property; XMP allows it as an element or as an attribute of rdf:Description."""
    tag = f"{{{namespace}}}{name}"
    found = [(node.text or "").strip() for node in root.iter(tag)]
    found += [node.attrib[tag] for node in root.iter(f"{{{_RDF}}}Description") if tag in node.attrib]
    if len(found) > 1:
        raise _invalid()
    return found[0] if found else None


def _invalid() -> UserError:
    return UserError(
        _("The XMP metadata of the file can't be read."),
        _("It is damaged, or was written by a program that doesn't follow the standard."),
        code="xmp.invalid",
    )
