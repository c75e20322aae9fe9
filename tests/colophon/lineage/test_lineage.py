"""Lineages from the records of a home, and from what files of strangers say."""

from __future__ import annotations

import shutil
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest
import sqlalchemy as sa
from defusedxml.ElementTree import fromstring
from drafts import GOLDEN, draft, picture, text_draft
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from upscalers_for_tests import BETTER, save_upscaler

from luokuan.colophon.derive import finish_again
from luokuan.colophon.finish import export_work, finish
from luokuan.colophon.ingredients import Origin, edited, take_in
from luokuan.colophon.lineage import Edge, Lineage, Node, draw, graph, lineage_of, lines
from luokuan.colophon.schema import Draft, Recipe, Work
from luokuan.errors import UserError
from luokuan.store.database import open_database
from luokuan.store.home import Home, open_home
from luokuan.store.tables import work as table


@pytest.fixture
def model(home: Home) -> Recipe:
    """A model of the store, as the recipe of a work names it."""
    tool = {"name": "old", "digest": "e" * 64, "licence": "MIT", "title": "Old photos", "corpus_digest": "c" * 64}
    corpus = {"title": "照片 <b>", "licence": "CC0-1.0", "digest": "d" * 64, "source": "here", "base": tool}
    folder = save_upscaler(home.models / "mine", training={**BETTER, "corpus": corpus})
    return Recipe("mine", folder.digest, licence="CC0-1.0", corpus_digest="d" * 64)


def made(home: Home, recipe: Recipe, path: Path) -> Work:
    return export_work(finish(Draft(picture(), recipe), home=home), path)


def edges(found: Lineage) -> set[tuple[str, str, str]]:
    return {(found.nodes[e.start].title, found.nodes[e.end].title, e.how) for e in found.edges}


def test_from_the_corpus_to_the_derived_works(home: Home, model: Recipe, tmp_path: Path) -> None:
    first = made(home, model, tmp_path / "a.png")
    second = finish_again(first.id, home=home, media_type="image/jpeg")
    third = finish_again(second.id, home=home, media_type="image/webp", purpose="licensed")
    assert first.path is not None
    looked = Origin("reference", (take_in(first.path, home, "inputTo"),))
    other = finish(Draft(picture(seed=1), model), home=home, origin=looked)
    wanted = {
        ("照片 <b>", "mine", "trained"),
        ("Old photos", "old", "trained"),
        ("old", "mine", "base"),
        ("mine", first.id, "created"),
        ("mine", other.id, "created"),
        (first.id, second.id, "derived"),
        (second.id, third.id, "licensed"),
        (first.id, other.id, "reference"),
    }
    found = lineage_of(first.path, home)
    assert edges(found) == wanted
    assert (found.this, found.vouched, found.known, found.cut) == (f"work:{first.id}", True, True, False)
    tree = lines(found)
    assert tree[0].startswith("corpus  照片 <b>")
    assert [line.lstrip("│ └├─").split()[1] for line in tree[:5]] == ["照片", "mine", first.id, second.id, third.id]
    assert sum("◀" in line for line in tree) == 1
    # From the last one: all that came before, and nothing beside.
    found = lineage_of(third.id, home)
    assert edges(found) == {one for one in wanted if other.id not in one}
    assert lineage_of(other.id, home).to_json()["edges"]


def test_a_tool_is_found_by_what_it_computes(home: Home, tmp_path: Path) -> None:
    """As training records name codecs and bases: by the digest of the network, not of the whole folder."""
    drawings = {"corpus": {"title": "Drawings", "digest": "a" * 64}}
    base = save_upscaler(home.models / "base", training=drawings, residual=False)
    named = {"name": "base", "digest": base.network_digest, "base": {"name": "oldest", "digest": "b" * 64}}
    learnt = {"title": "Photos", "digest": "d" * 64, "base": named, "codec": {"name": "away", "digest": 7}}
    folder = save_upscaler(home.models / "mine", training={"corpus": learnt})
    work = made(home, Recipe("mine", folder.digest), tmp_path / "a.png")
    wanted = {("Photos", "mine", "trained"), ("mine", work.id, "created"), ("base", "mine", "base")}
    assert edges(lineage_of(work.id, home)) == wanted | {("Drawings", "base", "trained")}
    shutil.rmtree(base.path)
    assert edges(lineage_of(work.id, home)) == wanted | {("oldest", "base", "base")}


def test_of_files_that_people_brought(home: Home, model: Recipe, tmp_path: Path) -> None:
    Image.fromarray(picture(80, 90).pixels).save(tmp_path / "me & you.png")
    given = take_in(tmp_path / "me & you.png", home, "parentOf")
    work = finish(Draft(picture(), model), home=home, origin=edited(given))
    found = lineage_of(work.id, home)
    assert ("me & you.png", work.id, "edited") in edges(found)
    assert ("mine", work.id, "created") in edges(found)


def test_models_that_are_gone_and_erased_works_keep_their_names(home: Home, tmp_path: Path) -> None:
    work = made(home, Recipe("gone", "9" * 64, corpus_digest="8" * 64), tmp_path / "a.png")
    found = lineage_of(work.id, home)
    assert edges(found) == {("gone", work.id, "created"), ("888888888888", "gone", "trained")}
    with open_database(home) as database, database.write() as connection:
        connection.execute(sa.update(table).values(recipe=None, salt=None))
    found = lineage_of(work.id, home)
    assert found.nodes[found.this].details["state"] == "erased"
    assert edges(found) == {("gone", work.id, "created")}


def test_of_a_strangers_file_what_its_manifest_says(home: Home, tmp_path: Path) -> None:
    other = open_home(tmp_path / "other")
    first = finish(draft(), home=other)
    second = finish_again(first.id, home=other, media_type="image/jpeg")
    third = export_work(finish_again(second.id, home=other, media_type="image/webp"), tmp_path / "c.webp")
    assert third.path is not None
    for place in (home, None):
        found = lineage_of(third.path, place)
        assert (found.vouched, found.known) == (False, True)
        assert edges(found) == {
            ("toy", first.id, "created"),
            (second.id, "c.webp", "parentOf"),
            (first.id, second.id, "parentOf"),
        }
        assert len(lines(found)) == 4
    golden = lineage_of(GOLDEN / "golden.png", home)
    assert edges(golden) == {("golden", "golden.png", "created")}


def test_what_says_nothing_and_what_isnt_there(home: Home, tmp_path: Path) -> None:
    Image.fromarray(picture().pixels).save(tmp_path / "plain.png")
    assert lineage_of(tmp_path / "plain.png", home).known is False
    (tmp_path / "cut.bin").write_bytes(bytes(range(256)))
    unknown, folder, broken = "work.unknown", "reference.folder", "reference.unreadable"
    wrong = {"absent": unknown, "f" * 16: unknown, str(tmp_path): folder, str(tmp_path / "cut.bin"): broken}
    for reference, code in wrong.items():
        for place in (home, None):
            with pytest.raises(UserError) as caught:
                lineage_of(reference, place)
            assert caught.value.code == code


def test_a_text_that_was_changed_still_names_its_work(home: Home, tmp_path: Path) -> None:
    work = finish(text_draft(), home=home, media_type="text/plain")
    (tmp_path / "a.txt").write_bytes("前言\n".encode() + work.data)
    found = lineage_of(tmp_path / "a.txt", home)
    assert (found.this, found.vouched) == (f"work:{work.id}", False), "anybody can write such a last line"
    assert lineage_of(work.id, home).vouched is True


def test_there_is_an_end(home: Home, model: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph, "MOST", 3)
    work = made(home, model, tmp_path / "a.png")
    finish_again(work.id, home=home)
    found = lineage_of(work.id, home)
    assert len(found.nodes) == 3
    assert found.cut


def texts_of(picture: str) -> list[str]:
    root: Element = fromstring(picture, forbid_dtd=True)
    assert {one.tag.partition("}")[2] for one in root.iter()} <= {"svg", "title", "rect", "path", "text"}
    assert not any(name.startswith("on") or "href" in name for one in root.iter() for name in one.attrib)
    return [one.text or "" for one in root.iter() if one.tag.endswith("text")]


def test_the_picture_is_plain_svg_with_everything_in_it(home: Home, model: Recipe, tmp_path: Path) -> None:
    first = made(home, model, tmp_path / "a.png")
    second = finish_again(first.id, home=home)
    found = texts_of(draw(lineage_of(first.id, home), "Lineage of <a>"))
    assert {"照片 <b>", "mine", "old", first.id, second.id, "derived copy"} <= set(found)


names = st.text(max_size=60) | st.sampled_from(
    ["</svg><script>alert(1)</script>", "]]>", "&lt;", '" onload="x', "\x00"]
)


@settings(max_examples=40, deadline=None)
@given(st.lists(names, min_size=1, max_size=6), st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=12))
def test_no_name_and_no_circle_breaks_text_or_picture(titles: list[str], pairs: list[tuple[int, int]]) -> None:
    found = Lineage(this="0", vouched=True)
    for place, title in enumerate(titles):
        found.add(Node(str(place), ("corpus", "model", "work", "file")[place % 4], title, {"licence": title}))
    for start, end in pairs:
        found.link(str(start), str(end), "created")
    texts_of(draw(found, titles[0]))
    assert len(lines(found)) <= len(found.nodes) + len(found.edges)
    assert all(isinstance(edge, Edge) for edge in found.edges)
