from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luokuan.colophon import xmp
from luokuan.colophon.aigc import Aigc, parse
from luokuan.errors import UserError

WORD = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=40)
PACKET = xmp.build(Aigc("1", "luokuan", "0123456789abcdef"))


@given(WORD, WORD)
def test_the_label_survives_the_packet(producer: str, number: str) -> None:
    label = Aigc("1", producer, number)
    found = xmp.parse(xmp.build(label))
    assert found.aigc is not None
    assert parse(found.aigc) == label
    assert found.source == xmp.GENERATED


def test_properties_may_be_attributes_and_padding_is_allowed() -> None:
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<r:Description xmlns:q="{xmp.AIGC_NAMESPACE}" q:AIGC="text"/></r:RDF></x:xmpmeta>'
    )
    assert xmp.parse(packet.encode() + b"  \n\0\0") == xmp.Labels("text", None)


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"not xml",
        b"<a",
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b'<?xml version="1.0" encoding="nonsense"?><a/>',
        b"<a>" + b" " * xmp.MAX_BYTES + b"</a>",
        PACKET.replace(b"</TC260:AIGC>", b"</TC260:AIGC><TC260:AIGC>{}</TC260:AIGC>"),
    ],
)
def test_bad_packets_are_refused(packet: bytes) -> None:
    with pytest.raises(UserError) as caught:
        xmp.parse(packet)
    assert caught.value.code == "xmp.invalid"


def test_a_packet_without_labels_says_nothing() -> None:
    assert xmp.parse(b"<a><b/></a>") == xmp.Labels(None, None)


@given(st.integers(0, len(PACKET) - 1), st.binary(max_size=4))
def test_a_damaged_packet_is_refused_or_read(at: int, change: bytes) -> None:
    try:
        xmp.parse(PACKET[:at] + change + PACKET[at + 1 :])
    except UserError as error:
        assert error.code == "xmp.invalid"
