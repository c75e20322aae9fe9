"""Chinese copy by a model that has learnt lines: what a brief asks for, what may follow, what is refused."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from plms import kept_in, line_plm, plm, slot_plm

from luokuan.cli.main import main
from luokuan.create import dishes
from luokuan.create.chinesecopy import Line, best_of, faults_of, laid_out, plan_of
from luokuan.create.chinesewriting import write_lines, writes_chinese_copy
from luokuan.create.copies import draft_copies, usual_model
from luokuan.create.copybrief import Brief
from luokuan.create.couplets import rules_kept
from luokuan.create.sayings import well_made
from luokuan.errors import UserError
from luokuan.foundation.corpus import open_texts
from luokuan.models.plm.sampling import Manner

ROOT = Path(__file__).parents[2]
WINGS = Brief(
    "可乐鸡翅",
    (
        ("类别", "荤菜"),
        ("主料", "鸡翅、可乐"),
        ("口味", "咸甜"),
        ("口感", "外焦里嫩"),
        ("难度", "简单"),
        ("用时", "30 分钟"),
    ),
    form="ad",
)
TEA = Brief("青竹茶", form="slogan")
ALL = "青竹茶清香可乐鸡翅明"
WILD = Manner(temperature=2)


def test_a_dish_becomes_a_headline_and_two_sentences() -> None:
    plan = plan_of(WINGS, ALL)
    assert [lines[0].kind for lines in plan.lines] == ["联", "味", "做"]
    assert plan.lines[1][0].head == "菜味·荤菜·①②·甜咸嫩焦\n"
    assert plan.lines[2][0].head == "菜做·荤菜·易·◷\n"
    assert plan.values == {"Ⓓ": "可乐鸡翅", "①": "鸡翅", "②": "可乐", "◷": "需30 分钟"}
    assert {"甜", "咸", "焦", "嫩", "鸡", "乐"} <= set(plan.lines[1][0].may) and "辣" not in plan.lines[1][0].may


def test_a_slogan_hides_two_characters_of_the_name_or_holds_a_must() -> None:
    (ways,) = plan_of(TEA, ALL).lines
    assert {line.heads for line in ways} == {"青竹", "青茶", "竹茶"} and {line.length for line in ways} == {7, 5, 4}
    (ways,) = plan_of(Brief("青竹茶", form="slogan", must=("清香",), length=12, tone="雅"), ALL).lines
    assert {(line.word, line.length, line.head) for line in ways} == {
        ("清香", 5, "联·五·嵌清香\n"), ("清香", 4, "联·四·嵌清香\n")
    }  # fmt: skip


def test_a_post_begins_with_a_saying() -> None:
    plan = plan_of(Brief("青竹茶", (("产地", "安吉"),), form="post", audience="上班族"), ALL)
    assert [line.word for line in plan.lines[0]] == ["茶", "竹", "青"]
    assert plan.ignored == ("audience", "attributes")


@pytest.mark.parametrize(
    ("brief", "what"),
    [
        (Brief("Aspire 5", language="en"), "Chinese alone"),
        (Brief("青竹茶", form="news"), "no news"),
        (Brief("小新笔记本", (("内存", "8 GB"),)), "describes dishes and drinks alone"),
        (Brief("青茶", (("类别", "电脑"),)), "describes dishes"),
        (Brief("青茶", (("类别", "饮品"), ("产地", "安吉"))), "产地"),
        (Brief("青茶", (("类别", "饮品"), ("分类", "汤羹"))), "twice"),
        (Brief("青茶", (("类别", "饮品"), ("主料", "甲、乙、丙、丁"))), "more than 3"),
        (Brief("青茶", (("类别", "饮品"), ("用时", "3 分钟"))), "How hard"),
        (Brief("青茶", (("类别", "饮品"), ("难度", "谁知道"))), "How hard"),
        (Brief("Aspire", form="slogan", language="zh"), "fewer"),
        (Brief("Aspire", form="post", language="zh"), "knows none"),
        (Brief("青竹茶", form="slogan", length=8), "9 characters"),
    ],
)
def test_what_it_can_not_write_is_refused(brief: Brief, what: str) -> None:
    with pytest.raises(UserError, match=what) as caught:
        plan_of(brief, ALL)
    assert caught.value.code in ("copy.model", "copy.attribute")


def test_weights_at_random_keep_every_rule() -> None:
    model = line_plm()
    assert writes_chinese_copy(model) and not writes_chinese_copy(slot_plm()) and not writes_chinese_copy(plm())
    heads = [line for line in plan_of(TEA, ALL).lines[0] for _draft in range(3)]
    words = list(plan_of(Brief("青竹茶", form="slogan", must=("清香",)), ALL).lines[0]) * 4
    said = list(plan_of(Brief("青竹茶", form="post"), ALL).lines[0]) * 3
    texts = [text for text, _nats in write_lines(model, [*heads, *words, *said], seed=1, manner=WILD)]
    for line, text in zip([*heads, *words, *said], texts, strict=True):
        assert not faults_of(text, line, {}), text
        if line.kind:
            assert rules_kept(text).all_kept
            assert not line.heads or (text[0], text[line.length + 1]) == tuple(line.heads)
        else:
            assert well_made(text)
        assert line.word in text
    assert len(set(texts)) > len(texts) // 2


def test_a_sentence_holds_no_fact_or_figure_that_was_not_given() -> None:
    model = line_plm()
    ((taste,), (making,)) = plan_of(Brief("可乐鸡翅", WINGS.attributes), ALL).lines
    for text, _nats in write_lines(model, [taste, making] * 8, seed=3, manner=WILD):
        assert not re.search(r"[\d最二三]", text)
        if text.startswith(dishes.DISH):
            assert not set(dishes.facts_in(text)) - set(taste.may)
        else:
            assert not dishes.facts_in(text)
        assert all(text.count(mark) <= 1 for mark in dishes.MARKS)
        assert not text.endswith("。") or (taste if dishes.DISH in text else making).marks <= set(text)


def test_faults_name_what_is_missing_or_wrong() -> None:
    plan = plan_of(WINGS, ALL)
    taste, making, couplet = plan.lines[1][0], plan.lines[2][0], plan.lines[0][0]
    assert faults_of("Ⓓ甜咸焦嫩，①与②。", taste, plan.values) == []
    assert [one.written for one in faults_of("Ⓓ咸焦嫩，①。", taste, plan.values)] == ["可乐", "甜"]
    assert [one.written for one in faults_of("有一定挑战，◷。", making, plan.values)] == ["有一定挑战"]
    assert faults_of("步骤不复杂，◷。", making, plan.values) == []
    harder = replace(making, level="中")
    assert [one.written for one in faults_of("做法非常简单，◷。", harder, plan.values)] == ["非常简单"]
    assert faults_of("步骤简单，◷。", harder, plan.values) == []
    assert len(faults_of("甲山，乙水", couplet, plan.values)) == 2
    assert len(faults_of("茶山", Line("", "", word="竹"), {})) == 2


def test_the_faultless_come_first_then_the_likely() -> None:
    line = Line("", "歇·花\n", word="花")
    drafts = [(line, "春山——高", 1.0), (line, "开花——节节高", 3.0), (line, "开花——喜人", 2.0)]
    assert [text for _line, text in best_of(drafts, {}, 2)] == ["开花——喜人", "开花——节节高"]


def test_the_parts_are_laid_out_by_form() -> None:
    plan = plan_of(WINGS, ALL)
    parts = [(lines[0], text) for lines, text in zip(plan.lines, ("可山，乐水", "Ⓓ好，①和②。", "◷。"), strict=True)]
    assert laid_out(parts, WINGS, plan.values) == "可山，乐水。\n可乐鸡翅好，鸡翅和可乐。需30 分钟。"
    post = Brief("青竹茶", form="post")
    ways = [lines[0] for lines in plan_of(post, ALL).lines]
    assert (
        laid_out(list(zip(ways, ("茶——好", "青山，竹水"), strict=True)), post, {}) == "茶——好。\n青山，竹水。\n#青竹茶#"
    )
    assert laid_out([(ways[1], "青山，竹水")], TEA, {}) == "青山，竹水"


def test_drafts_are_ranked_and_the_same_again() -> None:
    model = line_plm()
    brief = Brief("青竹茶", form="slogan", tone="雅")
    first, again = (list(draft_copies(brief, model=model, seed=3, count=3, among=4)) for _time in range(2))
    assert [draft.media for draft in first] == [draft.media for draft in again]
    parameters = [draft.recipe.parameters for draft in first]
    assert [one["rank"] for one in parameters] == [1, 2, 3] and parameters[0]["ignored"] == ["tone"]
    assert parameters[0]["findings"] == [] and parameters[0]["heads"][0].startswith("联·")


def test_through_the_command(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    model = str(kept_in(tmp_path / "lines", line_plm()))
    command = ["create", "copy", "--product", "青竹茶", "--language", "zh", "-m", model, "--among", "4"]
    assert main([*command, "--form", "slogan", "-n", "2", "-o", str(tmp_path / "out"), "--json"]) == 0
    works = json.loads(capfd.readouterr().out)["works"]
    assert [work["rank"] for work in works] == [1, 2] and works[0]["findings"] == []
    assert main(["verify", str(tmp_path / "out")]) == 0
    capfd.readouterr()
    assert main([*command, "--attribute", "内存=8 GB"]) == 2
    assert "describes dishes and drinks alone" in capfd.readouterr().err


def test_the_usual_model_is_one_that_writes_the_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("luokuan.foundation.modelfolder.starters", lambda: ["copy-en", "copy-zh"])
    assert (usual_model(TEA), usual_model(Brief("Aspire 5"))) == ("copy-zh", "copy-en")
    monkeypatch.setattr("luokuan.foundation.modelfolder.starters", lambda: ["copy-en"])
    assert usual_model(TEA) == "copy-en"


def test_the_corpus_of_the_model(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "LICENSE-couplets").write_text("MIT")
    dish = {"name": "糖拌番茄", "category": "vegetable_dish", "difficulty": 1, "ingredients": ["番茄（两个）", "白糖"]}
    text = "糖拌番茄是一道酸甜爽口的家常菜，番茄软嫩。番茄富含维生素。做法简单，新手也能上手，大约需要 5 分钟。"
    rows: dict[str, list[dict[str, object]]] = {
        "dish_descriptions": [
            dish | {"name": f"{n}{dish['name']}", "text": n + text} for n in "甲乙丙丁戊己庚辛壬癸" * 4
        ],
        "couplets": [{"first": f"{n}山开锦绣", "second": f"{m}水起文章"} for n in "青碧春明高" for m in "秋流长清江"],
        "xiehouyu": [{"riddle": "芝麻开花", "answer": "节节高"}, {"riddle": "瞎子点灯", "answer": "白费蜡"}] * 3,
    }
    for name, found in rows.items():
        dumped = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in found)
        (source / f"{name}.jsonl").write_text(dumped, encoding="utf-8")
    command = [sys.executable, "scripts/make_copy_zh_corpus.py", str(source), str(tmp_path / "out")]
    subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    corpus = open_texts(tmp_path / "out")
    assert corpus.licence == "MIT AND Unlicense" and (tmp_path / "out" / "LICENSE-couplets").is_file()
    texts = {split: ["".join(pieces) for pieces in corpus.split(split)] for split in ("train", "validation", "test")}
    every = [one for found in texts.values() for one in found]
    assert "菜味·素菜·①·酸甜嫩软\nⒹ是一道酸甜爽口的家常菜，①软嫩。" in every
    assert any(one.startswith("菜做·素菜·易·◷\n") for one in every)
    assert not any(re.search(r"维生素|瞎子|5", one) for one in every)
    # Lines that differ in one character are alike, so all couplets lie in one part.
    assert sum(any(one.startswith("联") for one in found) for found in texts.values()) == 1
