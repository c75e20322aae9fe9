from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

from drafts import DIGEST
from hypothesis import given
from hypothesis import strategies as st

from luokuan.colophon import manifest
from luokuan.colophon.manifest import MAX_TEXT, Claim, clean
from luokuan.colophon.schema import Recipe
from luokuan.colophon.tlog.note import LogKey
from luokuan.colophon.xmp import GENERATED

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=8), children, max_size=3),
    max_leaves=10,
)
KEYS = ("manifests", "active_manifest", "assertions", "signature_info", "label", "data", "actions", "softwareAgent")


LOG = LogKey("luokuan/0123456789abcdef", bytes(32))


def built() -> dict[str, object]:
    return manifest.build(
        media_type="image/png",
        recipe=Recipe("模型", DIGEST, "a secret", licence="CC0-1.0"),
        work_id="0123456789abcdef",
        commitment="cd" * 32,
        explicit_label="人工智能生成",
        created=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        log=LOG,
    )


def test_what_is_built_is_read() -> None:
    store = {"active_manifest": "a", "manifests": {"a": {**built(), "signature_info": {"common_name": "x"}}}}
    assert manifest.read(store) == Claim(
        signer="x",
        created="2026-01-02T03:04:05Z",
        source=GENERATED,
        model="模型",
        model_digest=DIGEST,
        schema=1,
        work="0123456789abcdef",
        commitment="cd" * 32,
        licence="CC0-1.0",
        explicit_label="人工智能生成",
        log=LOG.name,
        log_key=LOG.text,
        training="notAllowed",
    )


def test_the_manifest_says_created_by_a_model_and_reserves_mining() -> None:
    assertions = {item["label"]: item["data"] for item in built()["assertions"]}  # type: ignore[attr-defined]
    (action,) = assertions["c2pa.actions.v2"]["actions"]
    assert action["action"] == "c2pa.created"
    assert action["digitalSourceType"] == GENERATED
    assert action["softwareAgent"] == {"name": "模型", "version": DIGEST}
    uses = {entry["use"] for entry in assertions["cawg.training-mining"]["entries"].values()}
    assert uses == {"notAllowed"}
    assert "secret" not in str(built())


@given(st.dictionaries(st.sampled_from(KEYS), JSON, max_size=6))
def test_strange_stores_never_raise(store: dict[str, object]) -> None:
    manifest.read(store)
    claim = manifest.read({"active_manifest": "a", "manifests": {"a": store}})
    nested = {
        "assertions": [{"label": "c2pa.actions.v2", "data": store}, {"label": "org.luokuan.recipe", "data": store}]
    }
    for value in (claim, manifest.read({"active_manifest": "a", "manifests": {"a": nested}})):
        assert all(v is None or isinstance(v, str | int) for v in asdict(value).values())


@given(st.text())
def test_strings_of_strangers_are_short_and_visible(text: str) -> None:
    found = clean(text)
    assert found is None or (found.isprintable() and 0 < len(found) <= MAX_TEXT)


def test_no_string_steers_a_terminal() -> None:
    assert clean("\x1b[31mred\x1b[0m\u202e\n\u2028ok\x00") == "[31mred[0mok"
    assert clean("   ") is None
    assert clean(7) is None
    assert clean("长" * 500) == "长" * (MAX_TEXT - 1) + "…"
