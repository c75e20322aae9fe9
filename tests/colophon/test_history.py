from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from luokuan.colophon import sandbox
from luokuan.colophon.history import DEEPEST, LONGEST, MOST, read

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["a", "b", "\x1b[2J"]),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(
            st.sampled_from(["a", "b", "manifests", "active_manifest", "ingredients", "relationship", "title"]),
            children,
            max_size=4,
        )
    ),
    max_leaves=15,
)


def store(**manifests: list[dict[str, Any]]) -> dict[str, Any]:
    found = {label: {"ingredients": items, "signature_info": {"issuer": label}} for label, items in manifests.items()}
    return {"active_manifest": "a", "manifests": found}


def item(label: str | None, role: str = "parentOf", **more: Any) -> dict[str, Any]:
    return {"title": label, "relationship": role, "active_manifest": label, **more}


def test_a_chain_in_the_order_of_its_depth() -> None:
    found = read(store(a=[item("b"), item("d", "inputTo")], b=[item("c")], c=[], d=[item(None, "componentOf")]))
    assert [(step.depth, step.role, step.signer) for step in found] == [
        (0, "parentOf", "b"),
        (1, "parentOf", "c"),
        (0, "inputTo", "d"),
        (1, "componentOf", None),
    ]
    assert [step.credentials for step in found] == [True, True, True, False]


def test_what_points_at_itself_or_at_nothing_ends() -> None:
    assert len(read(store(a=[item("a")]))) == DEEPEST
    assert len(read(store(a=[item("a"), item("a"), item("a")]))) == MOST
    (step,) = read(store(a=[item("absent", "grandparentOf", title="x\u202ey")]))
    assert (step.credentials, step.role, step.title) == (False, "?", "xy")
    assert read({}) == ()


def test_problems_are_told() -> None:
    failed = {"activeManifest": {"failure": [{"code": "b"}, {"code": "a"}, {"code": "a"}, {}, None]}}
    (step,) = read(store(a=[item("b", validation_results=failed)], b=[]))
    assert step.problems == ("a", "b")


def test_the_longest_history_fits_into_an_answer() -> None:
    long = "\U00020000" * 300
    failed = {"activeManifest": {"failure": [{"code": f"{number}{long}"} for number in range(20)]}}
    own = {"schema": 1, "work": long, "model": long, "modelName": long, "licence": long, "purpose": long}
    action = {"action": "c2pa.created", "when": long, "digitalSourceType": long}
    inner = {
        "ingredients": [item("a", title=long, format=long, validation_results=failed)] * 60,
        "signature_info": {"common_name": long},
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [action]}},
            {"label": "org.luokuan.recipe", "data": own},
        ],
    }
    found = read({"active_manifest": "a", "manifests": {"a": inner}})
    assert len(found) == MOST
    assert found[0].work is not None and len(found[0].work) == LONGEST
    assert len(json.dumps([asdict(step) for step in found])) < sandbox._MAX_ANSWER - 100_000


def test_a_label_that_isnt_whole_is_left_out() -> None:
    label = "x" * 300
    found = read({"active_manifest": "a", "manifests": {"a": {"ingredients": [item(label)]}, label: {}}})
    assert found[0].credentials and found[0].manifest is None


@given(JSON)
def test_it_never_fails(value: Any) -> None:
    found = read(value if isinstance(value, dict) else {"active_manifest": "a", "manifests": {"a": value}})
    assert all("\x1b" not in (step.title or "") for step in found)
