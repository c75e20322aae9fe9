"""Briefs: what a file may hold, what is refused, and that no file breaks the reading."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from luokuan.create.copybrief import FIELDS, FORMS, LANGUAGES, Brief, read_brief_file
from luokuan.errors import UserError

line = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x9FFF, categories=["L", "N", "P"]), min_size=1, max_size=20
)
briefs = st.fixed_dictionaries(
    {"product": line},
    optional={
        "attributes": st.dictionaries(line, line, max_size=4),
        "form": st.sampled_from(FORMS),
        "language": st.sampled_from(LANGUAGES),
        "audience": line,
        "tone": line,
        "length": st.integers(3, 2000),
        "must": st.lists(line, max_size=3),
        "must_not": st.lists(line, max_size=3),
    },
)


@given(fields=briefs, ending=st.sampled_from([".yaml", ".json"]))
def test_a_file_gives_what_was_written(fields: dict[str, object], ending: str, tmp_path_factory: object) -> None:
    path = tmp_path_factory.mktemp("brief") / f"brief{ending}"  # type: ignore[attr-defined]
    text = json.dumps(fields) if ending == ".json" else yaml.safe_dump(fields, allow_unicode=True)
    path.write_text(text, encoding="utf-8")
    found = read_brief_file(path)
    wanted = {k: tuple(v.items()) if isinstance(v, dict) else tuple(v) if isinstance(v, list) else v
              for k, v in fields.items()}  # fmt: skip
    assert {**found, "attributes": dict(found.get("attributes", ()))} == {
        **wanted,
        "attributes": dict(wanted.get("attributes", ())),  # type: ignore[call-overload]
    }


@given(st.binary(max_size=200))
def test_no_file_breaks_the_reading(tmp_path_factory: object, data: bytes) -> None:
    place = tmp_path_factory.mktemp("brief")  # type: ignore[attr-defined]
    for name in ("brief.yaml", "brief.json"):
        (place / name).write_bytes(data)
        try:
            assert set(read_brief_file(place / name)) <= set(FIELDS)
        except UserError as error:
            assert error.code == "copy.file"


def test_figures_stay_as_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("product: X\nattributes: {price: 8.10, usb: yes}\nmust: 1_000\nlength: 40")
    assert read_brief_file(tmp_path / "a.yaml") == {
        "product": "X",
        "attributes": (("price", "8.10"), ("usb", "yes")),
        "must": ("1_000",),
        "length": 40,
    }
    (tmp_path / "a.json").write_text('{"product": "X", "attributes": {"price": 8.10, "usb": true}}')
    assert read_brief_file(tmp_path / "a.json")["attributes"] == (("price", "8.10"), ("usb", "true"))


@pytest.mark.parametrize(
    "text",
    [
        "[1, 2]",
        "product: [a]",
        "product: X\ncolour: red",
        "product: X\nattributes: [a, b]",
        "product: X\nattributes: {a: [b]}",
        "product: X\nmust: {a: b}",
        "product: X\nlength: many",
        "product: X\nlength: -3",
        "product: !!python/object:os.system x\nform: {",
        "a: &a [*a]\nproduct: *b",
        "x" * 70_000,
    ],
)
def test_what_no_brief_is(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(UserError) as caught:
        read_brief_file(tmp_path / "a.yaml")
    assert caught.value.code == "copy.file"


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file"):
        read_brief_file(tmp_path / "none.yaml")
    with pytest.raises(UserError):
        read_brief_file(tmp_path)


@pytest.mark.parametrize(
    "brief",
    [
        Brief(""),
        Brief("X", form="poem"),
        Brief("X", language="fr"),
        Brief("X", length=2),
        Brief("X", length=10_000),
        Brief("X" * 301),
        Brief("X", must=tuple("abcdefghij" * 5)),
        Brief("X", attributes=(("memory", " "),)),
        Brief("X", must=("",)),
        Brief("X\nY"),
        Brief("X", tone="\x1b[2J"),
        Brief("\ud800"),
        Brief("X", must=("Safe",), must_not=("safe",)),
    ],
)
def test_what_can_not_be_written(brief: Brief) -> None:
    with pytest.raises(UserError) as caught:
        brief.check()
    assert caught.value.code == "copy.brief"


def test_the_language_is_that_of_the_brief() -> None:
    assert Brief("Aspire 5").spoken == "en"
    assert Brief("Aspire 5", must=("轻薄",)).spoken == "zh"
    assert Brief("小米", language="en").spoken == "en"
