"""The guard before publication: copies, other people's works, protected names, and who lets them pass."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from drafts import DIGEST, text_draft
from PIL import Image

from luokuan.colophon.derive import finish_again
from luokuan.colophon.finish import finish
from luokuan.colophon.schema import Draft, Recipe, Work
from luokuan.colophon.tlog.audit import audit
from luokuan.errors import UserError
from luokuan.foundation.corpus.card import Card, write_card
from luokuan.media import Picture, Text
from luokuan.rights.guard import Guarding, Hit, digest_of, guard
from luokuan.rights.names import protect
from luokuan.rights.override import override
from luokuan.store import logbook
from luokuan.store.accounts import AccountRow, insert_account
from luokuan.store.blobs import Blobs
from luokuan.store.database import open_database
from luokuan.store.home import Home
from luokuan.store.ownership import set_owner
from luokuan.store.rights import list_overrides
from luokuan.store.waivers import KEPT
from luokuan.store.works import find_work

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
SENTENCE = "床前明月光，疑是地上霜。举头望明月，低头思故乡。"


def scene(seed: int, height: int = 128, width: int = 128) -> Picture:
    """Coloured blocks, smoothed: something that PDQ can tell from others."""
    blocks = np.random.default_rng(seed).integers(0, 255, (8, 8, 3)).astype(np.uint8)
    return Picture(np.asarray(Image.fromarray(blocks).resize((width, height), Image.Resampling.BICUBIC)))


def painted(home: Home, number: int, **recipe: Any) -> Work:
    return finish(Draft(scene(number), Recipe("toy", DIGEST, licence="CC0-1.0", **recipe)), home=home)


def written(home: Home, text: str = SENTENCE, brief: str = "a night", **parameters: Any) -> Work:
    draft = text_draft(text)
    recipe = replace(draft.recipe, brief=brief, parameters={"shared_words": 0, "shared_run": "", **parameters})
    return finish(replace(draft, media=Text(text, "zh-CN"), recipe=recipe), home=home, media_type="text/plain")


def looked_at(work: Work, home: Home, **options: Any) -> Guarding:
    with open_database(home) as database, database.read() as connection:
        row = find_work(connection, work.id)
    assert row is not None
    return guard(row, home, **options)


def kinds(found: Guarding) -> list[tuple[str, bool]]:
    return [(one.kind, one.blocks) for one in found.hits]


def test_runs_of_words_from_the_recipe(home: Home) -> None:
    for words, expected in ((0, []), (9, [("training-text", False)]), (12, [("training-text", True)])):
        found = looked_at(written(home, f"{SENTENCE}{words}", shared_words=words, shared_run="床前明月光"), home)
        assert [one for one in kinds(found) if one[0] == "training-text"] == expected
        assert found.blocked is (words == 12)


def test_runs_of_words_by_the_models_filter(home: Home, tmp_path: Path) -> None:
    from upscalers_for_tests import save_upscaler

    from luokuan.models.plm.ngrams import ngrams_file, ngrams_of

    folder = save_upscaler(home.models / "poet")
    for name, data in ngrams_file(ngrams_of([[SENTENCE * 3]])).items():
        (folder.path / name).write_bytes(data)
    from luokuan.foundation.modelfolder import resolve

    draft = text_draft(SENTENCE)
    recipe = Recipe("poet", resolve("poet", home).digest, licence="CC0-1.0")
    found = looked_at(finish(replace(draft, recipe=recipe), home=home, media_type="text/plain"), home)
    assert ("training-text", True) in kinds(found)
    assert found.hits[0].details["shared_words"] >= 20


def test_training_pictures(home: Home, tmp_path: Path) -> None:
    folder = home.corpora / "blocks"
    folder.mkdir()
    wide = np.zeros((128, 256, 3), dtype=np.uint8)
    wide[:, 64:192] = scene(1).pixels  # learnt from its middle
    Image.fromarray(wide).save(folder / "wide.png")
    Image.fromarray(scene(2).pixels[:, ::-1].copy()).save(folder / "turned.jpg", quality=95)
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno")
    (folder / "link.png").symlink_to(folder / "wide.png")
    for seed, item, mirrored in ((1, "wide.png", False), (2, "turned.jpg", True)):
        found = looked_at(painted(home, seed), home, corpora=[folder])
        hit = found.hits[0]
        assert (hit.kind, hit.blocks, hit.details["item"], hit.details["mirrored"]) == (
            "training-picture", True, item, mirrored,
        )  # fmt: skip
    assert kinds(looked_at(painted(home, 3), home, corpora=[folder])) == []
    kept = [path for path in (home.cache / "rights").iterdir() if "-" not in path.name]
    assert len(kept) == 1
    kept[0].write_text("{ damaged")
    assert looked_at(painted(home, 4), home, corpora=[folder]).compared[0] == "pictures and clips of the corpus blocks"


def test_corpora_of_the_home_are_found_by_their_titles(home: Home) -> None:
    from upscalers_for_tests import save_upscaler

    folder = home.corpora / "mine"
    folder.mkdir()
    Image.fromarray(scene(5).pixels).save(folder / "a.png")
    write_card(folder, Card("Blocks; old", "own"))
    other = home.corpora / "damaged"
    other.mkdir()
    (other / "card.yaml").write_text("[")
    corpus = {"title": "Blocks; old", "licence": "own", "digest": "d" * 64}
    model = save_upscaler(home.models / "m", training={"corpus": corpus})
    work = finish(Draft(scene(5), Recipe("m", model.digest, licence="own")), home=home)
    assert kinds(looked_at(work, home)) == [("training-picture", True)]


def test_works_of_others_block_and_ones_own_are_told(home: Home) -> None:
    first, second, third = painted(home, 7), painted(home, 7, seed=2), painted(home, 8)
    copy = finish_again(third.id, home=home, media_type="image/jpeg")
    assert kinds(looked_at(second, home)) == [("work", False)]
    assert kinds(looked_at(copy, home)) == []  # its original is no other work
    account = AccountRow("b" * 16, "bo", "maker", None, None, True, None, None, None, NOW, 1)
    with open_database(home) as database, database.write() as connection:
        insert_account(connection, account)
        set_owner(connection, first.id, account.id)
    found = looked_at(second, home)
    assert kinds(found) == [("work", True)] and found.blocked
    assert found.hits[0].details["like"] == first.id and "somebody else" in found.hits[0].words
    # Others of one's own, of which one is mostly nearer, don't hide somebody else's.
    theirs, mine, *_own = (painted(home, 9, seed=seed) for seed in range(6))
    with open_database(home) as database, database.write() as connection:
        set_owner(connection, theirs.id, account.id)
    found = looked_at(mine, home)
    assert kinds(found)[0] == ("work", True) and found.blocked and found.hits[0].details["like"] == theirs.id
    assert set(kinds(found)[1:]) <= {("work", False)}


def test_names_in_text_and_brief(home: Home) -> None:
    with open_database(home) as database, database.write() as connection:
        protect(connection, "Nike", NOW, kind="mark")
        protect(connection, "李白", NOW)
    found = looked_at(written(home, f"{SENTENCE}——李 白", brief="a poem on Nіke shoes"), home)
    assert [one.details for one in found.hits] == [
        {"name": "李白", "kind": "name", "place": "text"}, {"name": "Nike", "kind": "mark", "place": "brief"},
    ]  # fmt: skip
    assert found.blocked
    copy = written(home, "short", parameters={}, brief={"product": "shoe", "must": ["NIKE"]})  # type: ignore[arg-type]
    assert [one.details["place"] for one in looked_at(copy, home).hits] == ["brief"]
    assert not looked_at(written(home, "quite another text"), home).hits


def test_an_override_is_reasoned_logged_and_kept(home: Home) -> None:
    work = written(home, shared_words=15, shared_run="床前明月光")
    found = looked_at(work, home)
    for options, code in (
        ({"reason": " ", "acknowledged": True}, "guard.reason"),
        ({"reason": "a\nb", "acknowledged": True}, "guard.reason"),
        ({"reason": "x" * 501, "acknowledged": True}, "guard.reason"),
        ({"reason": "a quotation"}, "guard.acknowledge"),
        ({"reason": "a quotation", "acknowledged": True, "who": ""}, "waiver.name"),
    ):
        with pytest.raises(UserError) as caught:
            override(found, home, **{"who": "Ann", **options})
        assert caught.value.code == code
    row = override(found, home, who="Ann", reason="a quotation", acknowledged=True)
    assert row.kept_until - row.made_at == KEPT
    again = looked_at(work, home)
    assert not again.blocked and again.override is not None and again.override.who == "Ann"
    assert again.to_json()["override"]["reason"] == "a quotation"
    with pytest.raises(UserError) as caught:
        override(again, home, who="Ann", reason="once more", acknowledged=True)
    assert caught.value.code == "guard.clear"
    with open_database(home) as database:
        with database.read() as connection:
            entries = {one.entry.kind: one.entry for one in logbook.entries_of_work(connection, work.id)}
            assert entries["override"].private is not None and entries["override"].private["reason"] == "a quotation"
            assert b"quotation" not in entries["override"].leaf and b"Ann" not in entries["override"].leaf
            assert audit(connection, home).problem is None
        for statement in ("DELETE FROM guard_override", "UPDATE guard_override SET reason = 'x'"):
            with pytest.raises(sa.exc.IntegrityError), database.write() as connection:
                connection.exec_driver_sql(statement)
        with database.write() as connection:  # what is found later isn't covered
            protect(connection, "明月", NOW)
    assert looked_at(work, home).blocked
    with open_database(home) as database, database.read() as connection:
        assert [one.findings[0]["kind"] for one in list_overrides(connection)] == ["training-text"]


def test_the_digest_is_of_facts_and_not_of_words() -> None:
    one, two = Hit("name", True, "in English", {"name": "a"}), Hit("name", True, "中文", {"name": "a"})
    assert digest_of([one]) == digest_of([two]) != digest_of([replace(one, details={"name": "b"})])


def test_bytes_that_are_gone(home: Home) -> None:
    work = written(home)
    Blobs(home).path(work.sha256).unlink()
    with pytest.raises(UserError):
        looked_at(work, home)


def test_the_clock_of_the_tests_is_older_than_what_is_kept() -> None:
    assert timedelta(days=184) == KEPT
