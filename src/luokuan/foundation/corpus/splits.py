"""Dealing items to train, validation and test so that no near-duplicates straddle them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from luokuan.files import sha256_bytes
from luokuan.foundation.corpus.duplicates import Cluster
from luokuan.foundation.corpus.reader import HELD_OUT, SPLITS, Item

LEAST = 2
"""Training pictures, in all and of a class, that are never given up to fill an empty held-out split."""


def deal(items: Sequence[Item], groups: Sequence[Cluster]) -> dict[str, tuple[Item, ...]]:
    """Items of each split, each in the corpus's order (see ``PictureCorpus.split``).

    Args:
        groups: Clusters of near-duplicates among the items.
    """
    given = any(item.split for item in items)
    chosen = _keep_given(items, groups) if given else _deal_clusters(items, groups)
    return {name: tuple(item for item in items if chosen.get(item.name) == name) for name in SPLITS}


def _keep_given(items: Sequence[Item], groups: Sequence[Cluster]) -> dict[str, str]:
    chosen = {item.name: item.split or "train" for item in items}
    for group in groups:
        if any(chosen[item.name] == "train" for item in group.items):
            # Train keeps its own; the copies elsewhere would measure memory, so nobody gets them.
            for item in group.items:
                if chosen[item.name] != "train":
                    del chosen[item.name]
    return chosen


def _deal_clusters(items: Sequence[Item], groups: Sequence[Cluster]) -> dict[str, str]:
    leader = {item.name: item.sha256 for item in items}
    for group in groups:
        smallest = min(item.sha256 for item in group.items)
        leader |= {item.name: smallest for item in group.items}
    chosen = {}
    for item in items:
        percent = int(sha256_bytes(leader[item.name].encode())[:8], 16) % 100
        chosen[item.name] = SPLITS[0] if percent < HELD_OUT[0] else SPLITS[1] if percent < HELD_OUT[1] else SPLITS[2]
    for split in SPLITS[1:]:
        if split not in chosen.values():
            _fill(split, items, leader, chosen)
    return chosen


def _fill(split: str, items: Sequence[Item], leader: dict[str, str], chosen: dict[str, str]) -> None:
    """Give an empty held-out split the smallest cluster that train can spare; chance leaves small corpora without."""
    whole: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        if chosen[item.name] == "train":
            whole[leader[item.name]].append(item)
    left = Counter(item.label for members in whole.values() for item in members)
    for _size, first in sorted((len(members), first) for first, members in whole.items()):
        members = whole[first]
        taken = Counter(item.label for item in members)
        if all(left[label] - count >= LEAST for label, count in taken.items()):
            chosen |= {item.name: split for item in members}
            return


def straddling(items: Sequence[Item], groups: Sequence[Cluster]) -> list[Cluster]:
    """Clusters whose items lie in train and in another given split."""
    found = []
    for group in groups:
        splits = {item.split or "train" for item in group.items}
        if "train" in splits and len(splits) > 1:
            found.append(group)
    return found
