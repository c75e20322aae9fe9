"""Creating works: one module a kind; each takes a brief and a model to a draft, and the draft to ``finish``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from luokuan.colophon.schema import Work
    from luokuan.create.copybrief import Brief


def image(brief: str = "", *, model: str | Path, seed: int = 0, **options: Any) -> Work:
    """Create one finished picture; see ``luokuan.create.pictures.create_images`` for the options."""
    from luokuan.create.pictures import create_image

    return create_image(brief, model=model, seed=seed, **options)


def text(prompt: str = "", *, model: str | Path, seed: int = 0, **options: Any) -> Work:
    """Create one finished text; see ``luokuan.create.texts.create_texts`` for the options."""
    from luokuan.create.texts import create_text

    return create_text(prompt, model=model, seed=seed, **options)


def verse(title: str = "", *, model: str | Path = "verse", seed: int = 0, **options: Any) -> Work:
    """Create one finished Chinese poem; see ``luokuan.create.verses.create_verses`` for the options."""
    from luokuan.create.verses import create_verse

    return create_verse(title, model=model, seed=seed, **options)


def copy(brief: Brief | str, *, model: str | Path | None = None, seed: int = 0, **options: Any) -> Work:
    """Create one finished piece of copy; see ``luokuan.create.copies.create_copy`` for the options."""
    from luokuan.create.copies import create_copy

    return create_copy(brief, model=model, seed=seed, **options)


def enlargement(path: str | Path, *, by: int = 2, **options: Any) -> Work:
    """Make a picture larger; see ``luokuan.create.enlargements.create_enlargement`` for the options."""
    from luokuan.create.enlargements import create_enlargement

    return create_enlargement(path, by=by, **options)


def music(*, model: str | Path = "chorale", seed: int = 0, **options: Any) -> Work:
    """Create one finished piece of music; see ``luokuan.create.pieces.create_music`` for the options."""
    from luokuan.create.pieces import create_one

    return create_one(model=model, seed=seed, **options)


def speech(text: str, *, seed: int = 0, **options: Any) -> Work:
    """Speak a text; see ``luokuan.create.speeches.create_speech`` for the options."""
    from luokuan.create.speeches import create_speech

    return create_speech(text, seed=seed, **options)


def sound(category: str = "", *, model: str | Path = "sounds", seed: int = 0, **options: Any) -> Work:
    """Create one finished sound effect; see ``luokuan.create.sounds.create_sound`` for the options."""
    from luokuan.create.sounds import create_sound

    return create_sound(category, model=model, seed=seed, **options)


def clip(brief: str = "", *, model: str | Path, seed: int = 0, **options: Any) -> Work:
    """Create one finished short clip; see ``luokuan.create.clips.create_clip`` for the options."""
    from luokuan.create.clips import create_clip

    return create_clip(brief, model=model, seed=seed, **options)


def presenter(text: str, *, seed: int = 0, **options: Any) -> Work:
    """Let a presenter say a text; see ``luokuan.create.presenters.drafts.create_presenter`` for the options."""
    from luokuan.create.presenters.drafts import create_presenter

    return create_presenter(text, seed=seed, **options)


def video(storyboard: str | Path, **options: Any) -> Work:
    """Make a short from a storyboard; see ``luokuan.create.shorts.drafts.create_video`` for the options."""
    from luokuan.create.shorts.drafts import create_video

    return create_video(storyboard, **options)


def effect(path: str | Path, effect: str, **options: Any) -> Work:
    """Put an effect on a picture or a clip; see ``luokuan.create.effects.drafts.create_effect`` for the options."""
    from luokuan.create.effects.drafts import create_effect

    return create_effect(path, effect, **options)


def translation(text: str, *, to: str, model: str | Path = "en-zh", **options: Any) -> Work:
    """Create one finished translation; see ``luokuan.create.translations.create_translation`` for the options."""
    from luokuan.create.translations import create_translation

    return create_translation(text, to=to, model=model, **options)
