"""The brief of a work that is there."""

from __future__ import annotations

import json
from typing import Any

import pytest
from people import Place, keep_row

from luokuan.store.tables import job_output
from luokuan.studio.asking.again import brief_again, variations_of
from luokuan.studio.asking.fields import fields_of
from luokuan.studio.asking.reading import brief_of, typed_from
from luokuan.studio.jobs.kinds import kind_named

pytestmark = pytest.mark.usefixtures("each_database")


def again(place: Place, row: Any, person: Any) -> Any:
    with place.database.read() as connection:
        return brief_again(connection, row, person)


def test_a_work_of_a_job_has_the_jobs_brief(place: Place) -> None:
    ada, bob = place.account("ada"), place.account("bob")
    queue = place.app.state.studio.queue
    job = queue.submit(ada.id, "create.image", {"model": "garments", "brief": "a hat", "seed": 5, "count": 4})
    rows = [keep_row(place.database, ada) for _ in range(2)]
    with place.database.write() as connection:
        for number, row in enumerate(rows):
            connection.execute(job_output.insert().values(job_id=job.id, place=number, work_id=row.id))
    kind, brief = again(place, rows[1], ada)
    assert kind == "create.image" and (brief["seed"], brief["count"], brief["brief"]) == (6, 1, "a hat")
    assert again(place, rows[1], bob)[1]["brief"] == "a red dress", "another's job isn't told: the recipe is"


@pytest.mark.parametrize(
    ("kind", "recipe", "wanted"),
    [
        ("image", {"brief": "a hat", "parameters": {"truncation": 0.7, "among": 4, "class": "hat"}},
         ("create.image", {"brief": "a hat", "truncation": 0.7, "among": 4})),
        ("image", {"parameters": {"class": "hat", "upscale": {"factor": 2, "model": "up"}, "toward": 9, "strip": 3}},
         ("create.image", {"class_name": "hat", "upscale": 2, "upscaler": "up", "toward": 9, "strip": True,
                           "count": 3})),
        ("text", {"brief": "Once", "parameters": {"chat": False, "system": "", "temperature": 0.5, "top_k": 3,
                                                  "stop": [], "first_seed": 4, "count": 2, "watermark": None}},
         ("create.text", {"prompt": "Once", "seed": 4, "count": 2, "watermark": False,
                          "drawing": {"temperature": 0.5, "top_k": 3, "stop": []}})),
        ("verse", {"brief": "江上", "parameters": {"title": "江上", "form": "七绝", "first_line": "", "heads": "",
                                                 "rhyme": "", "tones": True, "temperature": 0.9}},
         ("create.verse", {"title": "江上", "form": "七绝", "drawing": {"temperature": 0.9}})),
        ("copy", {"brief": "tea", "parameters": {"brief": {"product": "tea", "attributes": [["price", "5"]],
                                                          "form": "slogan", "language": "en", "must": []}}},
         ("create.copy", {"product": "tea", "attributes": {"price": "5"}, "form": "slogan"})),
        ("translation", {"brief": "Hello.", "parameters": {"from": "en", "to": "zh"}},
         ("create.translation", {"text": "Hello.", "to": "zh", "start": "en"})),
        ("text", {"brief": "A cat.", "seed": 9, "parameters": {
            "like": "A cat.", "toward_text": "", "steps": None, "noise": 1.0, "attributes": {"length": 2.0},
            "temperature": 0.0, "top_p": 1.0, "first_seed": 8, "count": 3}},
         ("create.sentences", {"sentence": "A cat.", "noise": 1.0, "attributes": {"length": 2.0}, "seed": 8,
                               "count": 3})),
        ("music", {"seed": 3, "parameters": {"bars": 4, "temperature": 0.9, "truncation": 1.0, "tempo": 80.0,
                                             "mode": "minor", "density": None, "among": 8, "taken": 2}},
         ("create.music", {"bars": 4, "mode": "minor", "tempo": 80.0, "seed": 3})),
        ("speech", {"brief": "Hi.", "parameters": {"voices": [{"name": "heart"}, {"name": "mine"}], "rate": 1.2}},
         ("create.speech", {"text": "Hi.", "voices": ["heart"], "model": "mine", "rate": 1.2})),
        ("presenter", {"brief": "Hi.", "parameters": {
            "voices": [{"name": "english"}], "rate": 1.2, "pitch": 0.0, "portrait": {"hair": "bob"}, "mouth": None,
            "title": "News", "subtitle": "", "background": "", "aspect": "9:16", "size": 360, "fps": 12.0,
            "captions": True, "frames": 20}},
         ("create.presenter", {"text": "Hi.", "voices": ["english"], "rate": 1.2, "portrait": {"hair": "bob"},
                               "title": "News", "aspect": "9:16", "size": 360, "fps": 12.0, "captions": True})),
    ],
)  # fmt: skip
def test_recipes_of_the_command_line_become_briefs(
    place: Place, kind: str, recipe: dict[str, Any], wanted: tuple[str, dict[str, Any]]
) -> None:
    ada = place.account("ada")
    media = {"presenter": "video/webm", "image": "image/png", "music": "audio/midi", "speech": "audio/wav"}.get(
        kind, "text/plain"
    )
    row = keep_row(place.database, ada, kind=kind, recipe={"seed": 7, **recipe}, media_type=media)
    name, brief = again(place, row, ada)
    assert name == wanted[0] and {part: brief[part] for part in wanted[1]} == wanted[1]
    fields = fields_of(kind_named(name))
    typed, wrong = brief_of(fields, typed_from(fields, brief))
    assert not wrong and kind_named(name).brief.model_validate_json(json.dumps(typed))


def test_what_it_started_from_is_named_if_it_is_ones_own(place: Place) -> None:
    ada, bob = place.account("ada"), place.account("bob")
    own, strange = keep_row(place.database, ada), keep_row(place.database, bob)
    for parent, named in ((own, f"work:{own.id}"), (strange, None)):
        recipe = {"parameters": {"like": parent.blob_sha256, "strength": 0.3}}
        assert again(place, keep_row(place.database, ada, recipe=recipe), ada)[1]["like"] == named
    with_ground = {"parameters": {"portrait": {"hair": "bob"}, "pictures": [own.blob_sha256]}}
    brief = again(place, keep_row(place.database, ada, kind="presenter", recipe=with_ground), ada)[1]
    assert brief["background_file"] == f"work:{own.id}" and brief["portrait_file"] is None
    speaking = {"parameters": {"portrait": None, "pictures": [own.blob_sha256, strange.blob_sha256]}}
    brief = again(place, keep_row(place.database, ada, kind="presenter", recipe=speaking), ada)[1]
    assert (brief["portrait_file"], brief["background_file"], brief["portrait"]) == (f"work:{own.id}", None, {})
    enlarged = keep_row(place.database, ada, recipe={"parameters": {"enlarged": own.blob_sha256, "by": 2}})
    kind, brief = again(place, enlarged, ada)
    assert kind == "create.enlargement" and (brief["file"], brief["by"]) == (f"work:{own.id}", 2)


def test_kinds_without_a_form_have_none_and_broken_recipes_break_nothing(place: Place) -> None:
    ada = place.account("ada")
    assert again(place, keep_row(place.database, ada, kind="sound", recipe={}), ada) is None
    for recipe in ({"parameters": 5}, {"parameters": {"like": 7, "upscale": "x"}}, {}):
        assert again(place, keep_row(place.database, ada, recipe=recipe), ada)[0] == "create.image"
    row = keep_row(place.database, ada, recipe={"parameters": {"class": "hat"}})
    assert variations_of(row) == {
        "model": "toy", "brief": "", "like": f"work:{row.id}", "count": 4, "class_name": "hat",
    }  # fmt: skip
