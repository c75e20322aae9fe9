from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luokuan.colophon.aigc import MAX_LENGTH, Aigc, parse
from luokuan.errors import UserError

WORD = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=40)
LABELS = st.builds(Aigc, st.sampled_from("123"), WORD, WORD, WORD, WORD, WORD, WORD)
GOOD = Aigc("1", "luokuan", "0123456789abcdef")


@given(LABELS)
def test_what_is_built_is_parsed(label: Aigc) -> None:
    text = label.build()
    assert parse(text) == label
    assert text.isascii()
    assert text.isprintable()


def test_the_object_of_annex_e_by_hand() -> None:
    assert GOOD.build() == (
        '{"Label":"1","ContentProducer":"luokuan","ProduceID":"0123456789abcdef","ReservedCode1":"",'
        '"ContentPropagator":"","PropagateID":"","ReservedCode2":""}'
    )


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda data: data.decode("latin-1")))
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(UserError) as caught:
        parse(text)
    assert caught.value.code == "aigc.invalid"


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({**GOOD.to_dict(), "Extra": "1"}),
        json.dumps({k: v for k, v in GOOD.to_dict().items() if k != "ReservedCode2"}),
        json.dumps({**GOOD.to_dict(), "Label": 1}),
        json.dumps({**GOOD.to_dict(), "Label": "4"}),
        json.dumps({**GOOD.to_dict(), "ProduceID": None}),
        json.dumps({**GOOD.to_dict(), "ContentProducer": "落款"}),
        json.dumps({**GOOD.to_dict(), "ContentProducer": "two words"}),
        json.dumps({**GOOD.to_dict(), "ContentProducer": "line\n"}),
        json.dumps({"AIGC": GOOD.to_dict()}),
        GOOD.build().replace('{"Label"', '{"Label":"2","Label"'),
        GOOD.build() + " " * MAX_LENGTH,
        "[" * 5000,
    ],
)
def test_nearly_right_is_refused(text: str) -> None:
    with pytest.raises(UserError) as caught:
        parse(text)
    assert caught.value.code == "aigc.invalid"


@pytest.mark.parametrize("values", [("0", "a", "b"), ("1", "落款", "b"), ("1", "a b", "c"), ("1", "a", "\x7f")])
def test_a_label_outside_the_rules_cant_be_made(values: tuple[str, str, str]) -> None:
    with pytest.raises(UserError):
        Aigc(*values)
