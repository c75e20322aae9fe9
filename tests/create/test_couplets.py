"""Couplets: which rules a pair of lines keeps."""

from __future__ import annotations

import pytest

from luokuan.create.couplets import COUPLET, HEADS, fits, heading, lines_of, repeats_agree, rules_kept


def test_a_real_couplet_keeps_all_rules() -> None:
    rules = rules_kept("两个黄鹂鸣翠柳，一行白鹭上青天")
    assert rules.all_kept and rules.length and rules.ends and rules.repeats
    assert rules.opposite == 1


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("两个黄鹂鸣翠柳，一行白鹭上", "length"),
        ("两个黄鹂鸣翠柳，一行白鹭上青x", "length"),
        ("白日依山尽", "length"),
        ("一行白鹭上青天，两个黄鹂鸣翠柳", "ends"),
        ("两个黄鹂鸣翠柳，一行翠鹭上青天", "repeats"),
        ("两个黄鹂鸣翠柳，行行白鹭上青天", "repeats"),
        ("白日依山尽，黑石入海流", "opposite"),
    ],
)
def test_each_rule_can_be_broken(text: str, broken: str) -> None:
    rules = rules_kept(text)
    assert not rules.all_kept
    value = getattr(rules, broken)
    assert value is False or (broken == "opposite" and value < 1)


def test_a_character_in_both_tones_or_none_fits_both() -> None:
    assert fits("看", "平") and fits("看", "仄")
    assert fits("Ⓓ", "平") and fits("Ⓓ", "仄")
    assert fits("天", "平") and not fits("天", "仄")


def test_lines_and_headings() -> None:
    assert lines_of("青山，绿水。\n") == ("青山", "绿水")
    assert heading(COUPLET, 7, HEADS, "青竹") == "联·七·冠青竹\n"
    assert repeats_agree("山山水水", "处处明明")
    assert not repeats_agree("山山水水", "明秀处处")
