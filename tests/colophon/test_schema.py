from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from drafts import DIGEST, picture
from hypothesis import given
from hypothesis import strategies as st

from luokuan.colophon.schema import Recipe, canonical_json, commit, new_salt, new_work_id, opens, samples_digest

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=4))
def test_canonical_json_doesnt_depend_on_the_order_of_keys(values: dict[str, object]) -> None:
    try:
        expected = canonical_json(values)
    except UnicodeEncodeError:  # lone surrogates are no text
        return
    assert canonical_json(dict(reversed(values.items()))) == expected


def test_canonical_json_by_hand() -> None:
    assert canonical_json({"b": [1, 0.5], "a": "红"}) == '{"a":"红","b":[1,0.5]}'.encode()
    with pytest.raises(ValueError, match="JSON"):
        canonical_json({"a": float("nan")})


def test_a_commitment_opens_with_its_salt_and_recipe_alone() -> None:
    recipe, salt = Recipe("toy", DIGEST, "a red dress", {"truncation": 0.7}), new_salt()
    commitment = commit(salt, recipe)
    assert commitment == hashlib.sha256(salt + canonical_json(recipe.to_dict())).hexdigest()
    assert opens(commitment, salt, recipe)
    assert opens(commitment, salt, Recipe.from_dict(recipe.to_dict()))
    assert not opens(commitment, new_salt(), recipe)
    assert not opens(commitment, salt[:-1], recipe)
    for change in ({"brief": "a blue dress"}, {"seed": 1}, {"parameters": {}}, {"versions": {}}):
        assert not opens(commitment, salt, replace(recipe, **change))


@pytest.mark.parametrize("values", [("", DIGEST), ("toy", "short"), ("toy", DIGEST.upper())])
def test_a_recipe_names_its_model(values: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="model"):
        Recipe(*values)


def test_ids_are_64_random_bits() -> None:
    ids = {new_work_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(len(i) == 16 and int(i, 16) < 2**64 for i in ids)


def test_the_digest_of_samples_knows_their_shape() -> None:
    digests = {samples_digest(picture(*size)) for size in ((4, 6), (6, 4), (3, 8))}
    assert len(digests) == 3
    assert samples_digest(picture(4, 6)) == samples_digest(picture(4, 6))
