"""Where the parts of a short come from: files and works, models and voices; and a record of all that was used."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luokuan.create.shorts.fields import Effect, Image, Music, Text
from luokuan.create.shorts.storyboard import Board
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.media import Score, Sound
from luokuan.media import Text as Written

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from luokuan.colophon.ingredients import Ingredient
    from luokuan.colophon.schema import Draft, Recipe
    from luokuan.foundation.yamlfile import Place
    from luokuan.store.home import Home

_WORK = re.compile(r"work:([0-9a-f]{16})")
SoundMaker = Callable[[str, float, int], "Draft"]
"""Makes a sound: what is to be heard, how many seconds, and a seed; a draft whose media is a ``Sound``."""
LASTING = 3.0
"""Seconds of a sound that is made, where nothing is said."""
_makers: dict[str, SoundMaker] = {}


def register_sounds(name: str, maker: SoundMaker) -> None:
    """Let storyboards ask ``maker`` for sounds: ``make: rain`` with ``by: NAME``."""
    _makers[name] = maker


@dataclass(frozen=True, slots=True)
class Sources:
    """How names in a storyboard are found.

    Args:
        home: Whose works are meant.
        file: The path of a file that isn't a work; refuses (``UserError``) what isn't there or may not be reached.
        model: What is loaded for the name of a model.
    """

    home: Home
    file: Callable[[str], Path]
    model: Callable[[str], str | Path]


def beside(folder: Path, home: Home) -> Sources:
    """Files are looked for from ``folder``, models anywhere: for storyboards that one has written oneself."""
    from luokuan.files import expand

    return Sources(home, lambda name: folder / expand(name), lambda name: name)


@dataclass(slots=True)
class Larder:
    """What was brought and made for a short; each thing once.

    Args:
        board: The storyboard, for what is said of a field.
        sources: Where things come from.
        recipes: Of what models and voices made, in order.
        ingredients: Files and works, by their SHA-256.
    """

    board: Board
    sources: Sources
    recipes: list[tuple[str, Recipe]] = field(default_factory=list)
    ingredients: dict[str, Ingredient] = field(default_factory=dict)
    _made: dict[Any, Any] = field(default_factory=dict)

    def seed(self, own: int | None, *place: int | str) -> int:
        """A thing's own seed, else one drawn from the storyboard's and its place."""
        if own is not None:
            return own
        parts = "/".join(map(str, (self.board.story.seed, *place)))
        return int.from_bytes(hashlib.sha256(parts.encode()).digest()[:6])

    def note(self, kind: str, recipe: Recipe) -> None:
        """Remember how a piece was made."""
        if (kind, recipe) not in self.recipes:
            self.recipes.append((kind, recipe))
        larger = recipe.parameters.get("upscale")
        if isinstance(larger, Mapping) and larger.get("model_digest"):
            own = replace(recipe, model=larger["model"], model_digest=larger["model_digest"], licence=larger["licence"])
            self.note("upscale", replace(own, brief="", parameters={}, seed=0, corpus_digest=None))

    def taken(self, name: str, at: Place) -> Ingredient:
        """A file or a work.

        Raises:
            UserError: there is none, or it can't be carried on; the line is named.
        """
        return self._once(("file", name), at, lambda: self._take(name))

    def _take(self, name: str) -> Ingredient:
        from luokuan.colophon.ingredients import of_work, take_in

        home = self.sources.home
        if match := _WORK.fullmatch(name):
            from luokuan.store.database import open_database
            from luokuan.store.works import find_work

            with open_database(home) as database, database.read() as connection:
                row = find_work(connection, match[1])
            if row is None or row.erased:
                raise UserError(_("there is no work {id}", id=match[1]), "", code="input.unknown")
            found = of_work(row, home, "inputTo")
        else:
            found = take_in(self.sources.file(name), home, "inputTo")
        self.ingredients.setdefault(found.sha256, found)
        return found

    def _once(self, key: Any, at: Place, make: Callable[[], Any]) -> Any:
        if key not in self._made:
            try:
                self._made[key] = make()
            except UserError as error:
                raise self.board.caused(at, error) from error
        return self._made[key]

    def picture(self, name: str, at: Place) -> NDArray[np.uint8]:
        """The picture of a file or a work, with its transparency, uint8 (H, W, 4)."""
        from luokuan.create.shorts.cutouts import with_alpha

        given = self.taken(name, at)
        return self._once(("picture", given.sha256), at, lambda: with_alpha(given, self.sources.home))

    def image(self, asked: Image, at: Place, seed: int) -> NDArray[np.uint8]:
        """A picture that a model makes, uint8 (H, W, 3)."""
        return self._once(("image", asked, seed), (*at, "image"), lambda: self._drawn(asked, seed))

    def _drawn(self, asked: Image, seed: int) -> NDArray[np.uint8]:
        from luokuan.create.pictures import draft_images
        from luokuan.create.upscale import choose_upscaling
        from luokuan.media import Picture
        from luokuan.models.registry import load_picture_model

        model = self._loaded(load_picture_model, asked.model)
        draft = next(draft_images(asked.brief, model=model, seed=seed))
        if (factor := asked.upscale) is not None:
            key = ("upscaling", factor)
            if key not in self._made:
                self._made[key] = choose_upscaling(factor, None, self.sources.home)
            draft = self._made[key].applied(draft)
        self.note("image", draft.recipe)
        assert isinstance(draft.media, Picture)
        return draft.media.pixels[..., :3]

    def _loaded(self, load: Callable[[str | Path], Any], name: str) -> Any:
        """A model, loaded once."""
        key = ("model", name)
        if key not in self._made:
            self._made[key] = load(self.sources.model(name))
        return self._made[key]

    def text(self, asked: Text, at: Place, seed: int) -> str:
        """A text, as it stands there or as a model writes it."""
        whole = asked.text if asked.text is not None else self._once(
            ("text", asked.model, asked.brief, asked.form, seed), at, lambda: self._written(asked, seed))  # fmt: skip
        if asked.lines is None:
            return str(whole)
        return "\n".join([line for line in str(whole).splitlines() if line.strip()][: asked.lines])

    def _written(self, asked: Text, seed: int) -> str:
        from luokuan.foundation.modelfolder import resolve
        from luokuan.models.registry import LATENT_TEXT, load_latent_text_model, load_writing_model, loader_name

        name = str(asked.model)
        if loader_name(resolve(self.sources.model(name))) in LATENT_TEXT:
            from luokuan.create.latenttexts import Wish, draft_latent_texts

            drafts = draft_latent_texts(
                Wish(like=asked.brief), model=self._loaded(load_latent_text_model, name), seed=seed
            )
        elif asked.form is not None:
            from luokuan.create.verses import Asked, draft_verses

            drafts = draft_verses(
                Asked(asked.brief, asked.form), model=self._loaded(load_writing_model, name), seed=seed
            )
        else:
            from luokuan.create.texts import draft_texts

            drafts = draft_texts(asked.brief, model=self._loaded(load_writing_model, name), seed=seed)
        draft = next(drafts)
        self.note("text", draft.recipe)
        assert isinstance(draft.media, Written)
        return draft.media.text

    def sound(self, asked: Effect, at: Place, seed: int) -> Sound:
        """A sound of a file or a work, or one that is made."""
        if asked.file is not None:
            given = self.taken(asked.file, (*at, "file"))
            return self._once(("sound", given.sha256), (*at, "file"), lambda: self._heard(given))
        if asked.model is not None:
            key = ("effect", asked.model, asked.brief, asked.seconds, asked.loop, seed)
            return self._once(key, (*at, "model"), lambda: self._effect(asked, seed))
        return self._once(("made", asked, seed), (*at, "make"), lambda: self._made_sound(asked, seed))

    def _effect(self, asked: Effect, seed: int) -> Sound:
        from luokuan.create.sounds import Wish, draft_sounds
        from luokuan.models.registry import load_sound_model

        model = self._loaded(load_sound_model, str(asked.model))
        draft = next(draft_sounds(asked.brief, Wish(asked.seconds or LASTING, asked.loop), model=model, seed=seed))
        self.note("sound", draft.recipe)
        assert isinstance(draft.media, Sound)
        return draft.media

    def _made_sound(self, asked: Effect, seed: int) -> Sound:
        names = sorted(_makers)
        name = asked.by or (names[0] if names else "")
        if name not in _makers:
            raise UserError(
                _("nothing here makes sounds by the name '{name}': give a file", name=name[:40])
                if name else _("nothing here makes sounds: give a file"), "", code="video.sound",
            )  # fmt: skip
        draft = _makers[name](str(asked.make), asked.seconds or LASTING, seed)
        self.note("sound", draft.recipe)
        assert isinstance(draft.media, Sound)
        return draft.media

    def _heard(self, given: Ingredient) -> Sound:
        from luokuan.create.decoding import sound_of

        if given.media_type == "audio/midi":
            from luokuan.create.pieces import start_of

            return _played(start_of(given, self.sources.home).score)
        return sound_of(given, self.sources.home)

    def music(self, asked: Music, at: Place, seed: int) -> Sound:
        """A sound, a score that is played, or what a model composes."""
        if asked.file is not None:
            given = self.taken(asked.file, (*at, "file"))
            return self._once(("sound", given.sha256), (*at, "file"), lambda: self._heard(given))
        return self._once(("music", asked, seed), (*at, "model"), lambda: self._composed(asked, seed))

    def _composed(self, asked: Music, seed: int) -> Sound:
        from luokuan.create.pieces import Wish, draft_music
        from luokuan.models.registry import load_music_model

        wish = Wish(bars=asked.bars, mode=asked.mode, density=asked.density, tempo=asked.tempo)
        model = self._loaded(load_music_model, str(asked.model))
        draft = next(draft_music(wish, model=model, seed=seed))
        self.note("music", draft.recipe)
        assert isinstance(draft.media, Score)
        return _played(draft.media)

    @property
    def pieces(self) -> list[Mapping[str, Any]]:
        """What models and voices made, as JSON values."""
        return [
            {"kind": kind, "model": one.model, "model_digest": one.model_digest, "brief": one.brief[:400],
             "seed": one.seed, "licence": one.licence, "corpus_digest": one.corpus_digest}
            for kind, one in self.recipes
        ]  # fmt: skip


def _played(score: Score) -> Sound:
    from luokuan.create import songs, synthesiser

    # Never a SoundFont that the machine happens to have: the same storyboard sounds the same everywhere.
    return synthesiser.render(score, songs.voice_of(score))
