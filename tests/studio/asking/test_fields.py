"""Forms from the schemas of briefs."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest
from pydantic import Field

from luokuan.i18n import speaking
from luokuan.studio.asking.fields import MAIN, fields_of, schema_of
from luokuan.studio.asking.reading import brief_of, typed_from
from luokuan.studio.jobs.kinds import Brief, Kind, kinds

MAKING = [kind for kind in kinds().values() if kind.name.startswith("create.")]


class Song(Brief):
    """A kind that nobody here has heard of."""

    voice: str = Field(min_length=1, max_length=20)
    loud_ness: float = Field(default=0.5, gt=0, le=1)
    mood: Literal["glad", "sad"] | None = None
    encore: bool = True


SONG: Kind[Any] = Kind(name="create.song", brief=Song, run=lambda _context, _brief: None)


@pytest.mark.parametrize("kind", MAKING, ids=lambda kind: kind.name)
def test_every_property_of_a_brief_has_a_field_with_words_in_both_languages(kind: Kind[Any]) -> None:
    fields = fields_of(kind)
    top = {field.name.partition(".")[0] for field in fields}
    assert top == set(schema_of(kind.brief)["properties"])
    assert [field.main for field in fields] == sorted((field.main for field in fields), reverse=True)
    assert [field.name for field in fields if field.main and field.name in MAIN[kind.name]] == list(MAIN[kind.name])
    for field in fields:
        assert field.label[0].isupper(), f"{field.name} has no words of its own"
    with speaking("zh_CN"):
        assert [field.label for field in fields_of(kind)] != [field.label for field in fields]


@pytest.mark.parametrize("kind", MAKING, ids=lambda kind: kind.name)
def test_what_may_be_chosen_has_words_in_chinese(kind: Kind[Any]) -> None:
    with speaking("zh_CN"):
        fields = fields_of(kind)
    for field in fields:
        for value, _sent, word in field.choices:
            assert field.name == "model" or not str(value).isalpha() or word != value, (field.name, value)
    assert len({field.label for field in fields}) == len(fields), "two fields with one name"


@pytest.mark.parametrize("kind", MAKING, ids=lambda kind: kind.name)
def test_defaults_come_back_as_they_were(kind: Kind[Any]) -> None:
    fields = fields_of(kind)
    given = {
        "model": "m", "product": "tea", "to": "zh", "file": "work:0000000000000001", "text": "tea",
        "storyboard": "scenes: [{seconds: 1, background: navy}]",
    }  # fmt: skip
    needed = {name: given[name] for name in schema_of(kind.brief).get("required", ())}
    whole = kind.brief.model_validate(needed)
    brief, wrong = brief_of(fields, typed_from(fields, whole.model_dump(mode="json")))
    assert not wrong
    assert kind.brief.model_validate_json(json.dumps(brief)) == whole


def test_a_new_kind_needs_nothing_but_its_brief() -> None:
    fields = {field.name: field for field in fields_of(SONG)}
    assert [field.shape for field in fields.values()] == ["line", "number", "choice", "tick"]
    assert fields["voice"].required and fields["voice"].main and fields["loud_ness"].label == "loud ness"
    assert (fields["loud_ness"].least, fields["loud_ness"].most, fields["loud_ness"].whole) == (0, 1, False)
    assert [sent for _value, sent, _word in fields["mood"].choices] == ["glad", "sad"] and fields["mood"].optional


def test_files_and_models_say_of_what_kind() -> None:
    kind = next(kind for kind in MAKING if kind.name == "create.image")
    fields = {field.name: field for field in fields_of(kind)}
    assert (fields["like"].shape, fields["like"].of) == ("file", ("image",))
    assert (fields["upscaler"].shape, fields["upscaler"].of) == ("model", ("upscaler",))
    assert fields["model"].of == ("gan", "prior", "vae")
