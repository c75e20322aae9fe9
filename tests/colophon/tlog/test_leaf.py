from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luokuan.colophon.schema import canonical_json
from luokuan.colophon.tlog.entries import facts_of, notice, restart, work_entry
from luokuan.colophon.tlog.leaf import MAX_LEAF, opens, parse_leaf
from luokuan.store.works import WorkRow

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
ROW = WorkRow(
    "0123456789abcdef", "image", "a" * 64, 3, "image/png", "模型", "b" * 64, {"brief": "红裙"}, b"s" * 32, "c" * 64,
    "own", "人工智能生成", 1, NOW, {".c2pa": "d" * 64},
)  # fmt: skip


def test_the_leaf_of_a_work_says_no_more_than_it_must() -> None:
    one, two = work_entry(ROW), work_entry(ROW)
    leaf = parse_leaf(one.leaf)
    assert (leaf.kind, leaf.time, leaf.recipe, leaf.sha256) == ("work", "2026-03-04T05:06:07Z", "c" * 64, "a" * 64)
    for secret in (ROW.id, "模型", "红裙", "own", "image", "d" * 64):
        assert secret.encode() not in one.leaf
    assert one.leaf != two.leaf, "a fresh salt each time"
    assert one.private == facts_of(ROW) and one.salt is not None and two.salt is not None
    assert opens(leaf, one.salt, facts_of(ROW))
    assert not opens(leaf, two.salt, facts_of(ROW))
    assert not opens(leaf, one.salt, {**facts_of(ROW), "licence": "CC0-1.0"})
    with pytest.raises(ValueError, match="salt"):
        opens(leaf, b"short", facts_of(ROW))


@pytest.mark.parametrize("kind", ["waiver", "correction", "withdrawal"])
def test_notices_keep_their_content_at_home(kind: str) -> None:
    entry = notice(kind, ROW.id, {"by": "李华", "reason": "no room"}, NOW.astimezone(timezone(timedelta(hours=8))))
    leaf = parse_leaf(entry.leaf)
    assert (leaf.kind, leaf.time, leaf.recipe, leaf.sha256) == (kind, "2026-03-04T05:06:07Z", None, None)
    assert "李华".encode() not in entry.leaf
    assert entry.private is not None and entry.salt is not None and opens(leaf, entry.salt, entry.private)
    assert entry.private["work"] == ROW.id


def test_a_restart_names_the_last_checkpoint() -> None:
    entry = restart("a checkpoint\n", NOW)
    assert parse_leaf(entry.leaf).checkpoint == "a checkpoint\n"
    assert not opens(parse_leaf(entry.leaf), b"s" * 32, {})
    with pytest.raises(ValueError, match="too long"):
        restart("x" * MAX_LEAF, NOW)
    with pytest.raises(ValueError, match="none of"):
        notice("work", ROW.id, {}, NOW)


GOOD = json.loads(work_entry(ROW).leaf)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe",
        b"[" * 10_000,
        b'{"a":' * 3000,
        b"[]",
        b"7",
        canonical_json({**GOOD, "v": 2}),
        canonical_json({**GOOD, "v": True}),
        canonical_json({**GOOD, "v": "1"}),
        canonical_json({**GOOD, "more": "x"}),
        canonical_json({**GOOD, "kind": "grant"}),
        canonical_json({**GOOD, "kind": ["work"]}),
        canonical_json({**GOOD, "sha256": "A" * 64}),
        canonical_json({**GOOD, "sha256": 7}),
        canonical_json({**GOOD, "time": "yesterday"}),
        canonical_json({key: GOOD[key] for key in GOOD if key != "recipe"}),
        canonical_json(GOOD) + b" ",
        canonical_json(GOOD).replace(b'"v":1', b'"v":1,"v":1'),
        json.dumps(GOOD).encode(),
        b" " * MAX_LEAF + b"{}",
    ],
)
def test_what_is_no_leaf_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        parse_leaf(data)


@given(st.binary(max_size=200))
def test_anything_is_answered(data: bytes) -> None:
    with pytest.raises(ValueError):
        parse_leaf(data)
