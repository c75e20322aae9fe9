"""The main job in one go: a work with each starter model, verified, on one contact sheet."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from luokuan.errors import UserError
from luokuan.files import write_atomic
from luokuan.i18n import _, language

if TYPE_CHECKING:
    from luokuan.colophon.schema import Work
    from luokuan.colophon.verdict import Verdict
    from luokuan.store.home import Home

BRIEFS = {
    "en-zh": "Where are you from? I live in a small village near the sea.",
    "garments": "pants",
    "garments-32": "a dress",
    "portraits": "a smile",
    "emoji": "a rainbow",
    "verse": "江上",
    "copy-en": "Aspire 5",
    "sentences": "I went to the sea.",
    "prose-zh": "却说",
    "verse-vae": "白日依山尽，黄河入海流。\n欲穷千里目，更上一层楼。",
    "garments-gan": "pants",
    "sounds": "rain",
    "sprites": "walk down",
    "kathleen": "Luokuan signs what it makes, and says that a machine made it.",
}
"""What each starter is asked for; a starter without a brief gets an empty one."""
FACTS = {"memory": "8 gb", "battery": "9 hour", "weight": "1.7 kilogram"}
"""Attributes of the product of which copy is written."""
SPOKEN = "落款是画家完成作品时写下的名字和盖上的印。Luokuan signs what it makes."
"""What the voices say."""
PRESENTED = "你好！Hello! I am a drawing."
"""What the presenter says: about four seconds."""
SUFFIXES = {"image/png": ".png", "text/plain": ".txt", "audio/wav": ".wav", "video/webm": ".webm"}
SEED = 7
TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One work of the sheet. ``path``: its file, in the sheet's own folder."""

    work: Work
    path: Path
    verdict: Verdict

    @property
    def good(self) -> bool:
        """Signed by this home and unchanged."""
        return self.verdict.verdict == "ours"

    @property
    def text(self) -> str | None:
        """The words of a text; None for works of other kinds."""
        return self.work.data.decode() if self.work.media_type == "text/plain" else None

    @property
    def heard(self) -> bool:
        """Whether it is a sound."""
        return self.work.media_type.startswith("audio/")

    @property
    def moving(self) -> bool:
        """Whether it is a clip."""
        return self.work.media_type.startswith("video/")

    @property
    def recipe_text(self) -> str:
        """The whole recipe, for people to read."""
        return json.dumps(self.work.recipe.to_dict(), ensure_ascii=False, indent=1)


def exhibits(folder: Path, home: Home, storyboard: Path | None = None) -> Iterator[Exhibit]:
    """Create one work with each starter, one with the voices and one of a presenter, write each to ``folder`` and
    verify what was written.

    Args:
        folder: Where the works are written.
        home: Where they are kept.
        storyboard: Of a short that is made, too; None: none is.

    Raises:
        UserError: there are no starters; or see what makes each kind, and ``finish``.
    """
    from luokuan.colophon.finish import export_work
    from luokuan.colophon.verification import verify_file
    from luokuan.create.speeches import create_speech
    from luokuan.foundation.modelfolder import resolve, starters
    from luokuan.models.registry import TOOLS, loader_name

    families = {name: loader_name(resolve(name, home)) for name in starters()}
    names = [name for name, family in families.items() if family not in TOOLS]
    if not names:
        raise UserError(
            _("This installation has no starter models."),
            _("Install Luokuan with its starters, or train a model with `luokuan train gan`."),
            code="showcase.empty",
        )
    for name in names:
        work = _work_of(name, families[name], home)
        path = folder / f"{name}{SUFFIXES[work.media_type]}"
        export_work(work, path)
        yield Exhibit(work, path, verify_file(path, home=home))
    spoken = create_speech(SPOKEN, seed=SEED, home=home)
    path = folder / "speech.wav"
    export_work(spoken, path)
    yield Exhibit(spoken, path, verify_file(path, home=home))
    yield _presented(folder, home)
    if storyboard is not None:
        yield _short(storyboard, folder, home)


def _short(storyboard: Path, folder: Path, home: Home) -> Exhibit:
    from luokuan.colophon.finish import export_work
    from luokuan.colophon.verification import verify_file
    from luokuan.create.shorts.drafts import create_video

    work = create_video(storyboard, media_type="video/webm", home=home)
    path = folder / "short.webm"
    export_work(work, path)
    return Exhibit(work, path, verify_file(path, home=home))


def _presented(folder: Path, home: Home) -> Exhibit:
    """A short clip, as WebM, which all browsers play; small, for it is to take seconds."""
    from luokuan.colophon.finish import export_work
    from luokuan.colophon.verification import verify_file
    from luokuan.create.presenters.drafts import create_presenter

    work = create_presenter(
        PRESENTED, title="落款 Luokuan", aspect="1:1", size=512, fps=12.5, seed=SEED, media_type="video/webm", home=home
    )
    path = folder / "presenter.webm"
    export_work(work, path)
    return Exhibit(work, path, verify_file(path, home=home))


def _work_of(name: str, family: str, home: Home) -> Work:
    """The work of a starter, by what its family makes."""
    from luokuan.create.clips import create_clip
    from luokuan.create.copies import STARTER as COPYWRITER
    from luokuan.create.copies import create_copy
    from luokuan.create.latenttexts import create_latent_text
    from luokuan.create.pictures import create_image
    from luokuan.create.pieces import create_one
    from luokuan.create.sounds import create_sound
    from luokuan.create.speeches import create_speech
    from luokuan.create.texts import create_text
    from luokuan.create.translations import create_translation
    from luokuan.create.verses import STARTER as POET
    from luokuan.create.verses import create_verse
    from luokuan.models.registry import CLIPS, LATENT_TEXT, MUSIC, SOUNDS, TRANSLATING, VOICES, WRITING

    brief = BRIEFS.get(name, "")
    if family in TRANSLATING:
        return create_translation(brief, to="zh", model=name, seed=SEED, home=home)
    if name == COPYWRITER:
        return create_copy(brief, attributes=FACTS, model=name, seed=SEED, home=home)
    if family in LATENT_TEXT:
        return create_latent_text(brief, model=name, seed=SEED, home=home)
    if family in MUSIC:
        return create_one(model=name, seed=SEED, media_type="audio/wav", home=home)
    if family in CLIPS:
        return create_clip(brief, model=name, seed=SEED, media_type="video/webm", home=home)  # which all browsers play
    if family in VOICES:
        return create_speech(brief, voices=name, seed=SEED, home=home)
    if family in SOUNDS:
        return create_sound(brief, model=name, seed=SEED, home=home)
    if name == POET:
        return create_verse(brief, model=name, seed=SEED, home=home)
    create = create_text if family in WRITING else create_image
    return create(brief, model=name, seed=SEED, home=home)


def render_sheet(found: Sequence[Exhibit]) -> str:
    """The contact sheet as HTML: headings in both languages, every value escaped, nothing fetched but the works."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    code = "zh-CN" if language() == "zh_CN" else "en"
    return environment.get_template("showcase.html").render(exhibits=found, language=code)


def write_sheet(found: Sequence[Exhibit], folder: Path) -> Path:
    """Write ``index.html`` beside the works; it needs nothing but them. Atomic.

    Raises:
        UserError: no room, or no permission.
    """
    path = folder / "index.html"
    write_atomic(path, render_sheet(found).encode())
    return path
