"""Wishes to a latent space: what goes together, what a draft's recipe says, and that it repeats."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from textvaes import save_text_vae, sentences

from luokuan.create.latenttexts import SAMPLED, Wish, create_latent_texts, draft_latent_texts
from luokuan.errors import UserError
from luokuan.media import Text
from luokuan.models.registry import load_latent_text_model
from luokuan.models.vae.text.model import TextVae
from luokuan.store.home import open_home

ONE, OTHER = sentences()[0], sentences()[-1]


@pytest.fixture
def vae(tmp_path: Path) -> TextVae:
    save_text_vae(tmp_path / "toys")
    return load_latent_text_model(tmp_path / "toys")


def texts(vae: TextVae, wish: Wish, **how: Any) -> list[str]:
    found = [draft.media for draft in draft_latent_texts(wish, model=vae, **how)]
    return [one.text for one in found if isinstance(one, Text)]


def test_what_is_meant_where_nothing_is_said() -> None:
    assert Wish().warmth == SAMPLED and Wish(ONE).warmth == 0 and Wish(ONE, temperature=0.5).warmth == 0.5
    assert Wish(ONE).spread == 1 and Wish(ONE, noise=0.0).spread == 0
    assert Wish(ONE, OTHER).spread == 0 and Wish(ONE, attributes={"length": 1.0}).spread == 0


def test_a_way_has_both_ends_and_an_attribute_moves_it(vae: TextVae) -> None:
    (way,) = texts(vae, Wish(ONE, OTHER, steps=4))
    lines = way.split("\n")
    assert len(lines) == 4 and [lines[0], lines[-1]] == vae.reconstruct([ONE, OTHER])
    (moved,) = texts(vae, Wish(ONE, attributes={"length": 20.0}))
    z = vae.posterior([ONE])[0] + 20 * vae.directions["length"]
    assert [moved] == vae.write(z)


def test_noise_is_in_deviations_of_the_posterior(vae: TextVae) -> None:
    assert texts(vae, Wish(ONE, noise=0.0), count=2) == vae.reconstruct([ONE]) * 2
    assert texts(vae, Wish(ONE, noise=3.0), count=3, seed=4) == vae.write(vae.around(ONE, 3, 4, noise=3.0))
    assert torch.equal(vae.latents(2, 9), vae.latents(3, 9)[:2])


def test_the_recipe_says_all(vae: TextVae) -> None:
    (draft,) = draft_latent_texts(Wish(ONE, noise=2.0, attributes={"length": -1.0}), model=vae, seed=3)
    parameters = draft.recipe.parameters
    assert (draft.recipe.brief, draft.recipe.seed, draft.kind) == (ONE, 3, "text")
    assert parameters["noise"] == 2.0 and parameters["attributes"] == {"length": -1.0}
    assert parameters["prior"] is None and parameters["watermark"] is None and parameters["shared_words"] is None
    (sampled,) = draft_latent_texts(Wish(), model=vae)
    assert sampled.recipe.parameters["prior"] == "mixture" and sampled.recipe.parameters["noise"] is None


@pytest.mark.parametrize(
    ("wish", "count"),
    [
        (Wish(toward=OTHER), 1),
        (Wish(ONE, OTHER), 2),
        (Wish(ONE, OTHER, steps=1), 1),
        (Wish(ONE, OTHER, noise=1.0), 1),
        (Wish(noise=1.0), 1),
        (Wish(ONE, noise=float("nan")), 1),
        (Wish(attributes={"length": float("inf")}), 1),
        (Wish(temperature=6.0), 1),
        (Wish(top_p=0.0), 1),
        (Wish(), 65),
    ],
)
def test_what_makes_no_sense_is_refused(vae: TextVae, wish: Wish, count: int) -> None:
    with pytest.raises(UserError):
        texts(vae, wish, count=count)


def test_works_are_finished_and_told_first(vae: TextVae, tmp_path: Path) -> None:
    home, told = open_home(tmp_path / "home"), list[tuple[int, str]]()
    made = list(
        create_latent_texts(Wish(ONE), model=vae.folder.path, count=2, home=home, on_text=lambda *one: told.append(one))
    )
    assert [index for index, _text in told] == [0, 1] and len({work.id for work in made}) == 2
    assert all(text in work.data.decode() for (_index, text), work in zip(told, made, strict=True))
