"""What is shown of models."""

from __future__ import annotations

import io
import os
import shutil
from typing import Any

from people import AT, Place
from PIL import Image
from vaes_for_tests import save_vae

from luokuan.foundation.modelfolder import SHEET, STARTERS
from luokuan.models.registry import FAMILIES, TOOLS
from luokuan.store import belongings
from luokuan.studio import modelcards
from luokuan.studio.jobs.kinds import kinds
from luokuan.studio.modelcards import all_models, visible_model, visible_models


def test_the_families_are_those_of_the_registry() -> None:
    assert set(modelcards.OWN_ROWS) == {name for name in FAMILIES if "/" in name} and modelcards.TOOLS == TOOLS
    for kind in kinds().values():
        assert set(kind.families) <= set(FAMILIES), kind.name


def test_starters_fit_where_they_should(place: Place) -> None:
    fit = {
        kind.name: {card.name for card in all_models(place.home) if card.fits(kind)}
        for kind in kinds().values()
        if kind.families
    }
    assert {"garments", "emoji", "portraits"} <= fit["create.image"] and "chorale" not in fit["create.image"]
    assert "verse" in fit["create.verse"] and fit["create.enlargement"] == {"upscaler"}
    assert "en-zh" in fit["create.translation"] and "sentences" not in fit["create.text"]
    assert all(card.starter and card.licence != "unknown" for card in all_models(place.home))


def test_a_model_is_read_once_and_again_when_it_changes(place: Place, monkeypatch: Any) -> None:
    save_vae(place.home.models / "garments")
    (place.home.models / "broken").mkdir()
    (place.home.models / ".hidden").mkdir()
    cards = {card.name: card for card in all_models(place.home)}
    assert cards["garments"].family == "vae" and not cards["garments"].starter, "one's own takes the starter's name"
    assert "broken" not in cards and ".hidden" not in cards
    seen: list[Any] = []
    read = modelcards.read_folder
    monkeypatch.setattr(modelcards, "read_folder", lambda path: seen.append(path.name) or read(path))
    assert {card.name: card for card in all_models(place.home)} == cards
    assert set(seen) == set()
    training = place.home.models / "garments" / "training.json"
    training.write_text('{"corpus": {"licence": "MIT"}}')
    os.utime(training, (1, 1))
    assert {card.name: card.licence for card in all_models(place.home)}["garments"] == "MIT"
    assert "garments" in seen


def test_one_model_is_found_as_it_is_among_all(place: Place) -> None:
    ada, ben, chief = place.account("ada"), place.account("ben"), place.account("chief", "admin")
    for name in ("garments", "adas", "everybodys"):
        save_vae(place.home.models / name)
    with place.database.write() as connection:
        for name in ("garments", "adas"):
            belongings.take(connection, "model", name, ada.id, AT)
    studio = place.app.state.studio
    for person in (ada, ben, chief):
        seen = {card.name: card for card in visible_models(studio, person)}
        for name in ("garments", "adas", "everybodys", "emoji", "none", "../emoji", "", ".hidden"):
            assert visible_model(studio, person, name) == seen.get(name), (person.name, name)
        assert ("adas" in seen) == ("garments" in seen) == (person is ada), "whoever they are"


def test_a_sample_is_small_and_only_where_there_is_one(place: Place) -> None:
    browser = place.browser("ada", "viewer")
    answer = browser.get("/models/garments/sample")
    assert answer.headers["content-type"] == "image/webp" and len(answer.content) < 60_000
    assert Image.open(io.BytesIO(answer.content)).size == modelcards.SAMPLE
    for name in ("verse", "none", "..", "%2e%2e%2f%2e%2e%2fetc"):
        assert browser.get(f"/models/{name}/sample").status_code == 404
    shutil.copytree(STARTERS / "garments", place.home.models / "odd")
    (place.home.models / "odd" / SHEET).write_bytes(b"no picture")
    assert browser.get("/models/odd/sample").status_code == 404


def test_sheets_of_older_models_are_shown_too(place: Place) -> None:
    older = place.home.models / "older"
    shutil.copytree(STARTERS / "garments-32", older)
    with Image.open(older / SHEET) as sheet:
        sheet.save(older / "samples.png")
    (older / SHEET).unlink()
    browser = place.browser("eve", "maker")
    assert browser.get("/models/older/sample").headers["content-type"] == "image/webp"
    for name, kind in (("older", "png"), ("garments-32", "webp")):
        assert f'src="/train/models/{name}/samples"' in browser.get(f"/train/models/{name}").text
        answer = browser.get(f"/train/models/{name}/samples")
        assert answer.headers["content-type"] == f"image/{kind}"
        assert Image.open(io.BytesIO(answer.content)).size == (978, 782)
