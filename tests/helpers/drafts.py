"""Drafts, homes and files for tests of the colophon."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import soundfile

from luokuan.colophon.schema import Draft, Recipe
from luokuan.media import Clip, Note, Picture, Score, Sound, Text
from luokuan.store.home import Home, open_home
from luokuan.store.keys import install, make_authority

DATA = Path(__file__).parent.parent / "data"
GOLDEN = DATA / "colophon-v1"
DIGEST = "ab" * 32
MEDIA_TYPES = ("image/png", "image/jpeg", "image/webp")
TEXT_TYPES = {"text/plain": "txt", "text/markdown": "md", "application/json": "json", "text/html": "html"}


def picture(height: int = 48, width: int = 64, channels: int = 3, seed: int = 0) -> Picture:
    """A smooth picture with some colour: a ramp each way and a little noise."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height, 0:width]
    layers = [rows * 255 / height, columns * 255 / width, np.full((height, width), 90.0), rows * 0 + 200.0]
    pixels = np.stack(layers[:channels], axis=-1) + random.normal(0, 3, (height, width, channels))
    return Picture(np.clip(pixels, 0, 255).astype(np.uint8))


def draft(seed: int = 0, channels: int = 3) -> Draft:
    """A draft of a small picture."""
    recipe = Recipe(model="toy", model_digest=DIGEST, brief="a red dress", parameters={"truncation": 0.7}, seed=seed)
    return Draft(picture(seed=seed, channels=channels), recipe)


def text_draft(text: str = "山高月小，水落石出。\n\nThe moon is small.", language: str = "zh-CN") -> Draft:
    """A draft of a text."""
    recipe = Recipe(model="scribe", model_digest=DIGEST, brief="a night", parameters={"temperature": 0.8}, seed=5)
    return Draft(Text(text, language), recipe, kind="text")


def sound(count: int = 4000, channels: int = 1, rate: int = 16_000, seed: int = 0) -> Sound:
    """A tone in each channel, with a little noise."""
    at = np.arange(count) / rate
    tones = np.stack([0.25 * np.sin(2 * np.pi * 330 * (number + 1) * at) for number in range(channels)])
    return Sound((tones + np.random.default_rng(seed).normal(0, 0.01, tones.shape)).astype(np.float32), rate)


def real_sound() -> Sound:
    """A blow on metal, half a second at 16 kHz."""
    samples, rate = soundfile.read(DATA / "sound" / "metal.flac", dtype="float32", always_2d=True)
    return Sound(samples.T, rate)


def sound_draft(media: Sound | None = None) -> Draft:
    """A draft of a sound."""
    recipe = Recipe(model="foley", model_digest=DIGEST, brief="a forge", parameters={"temperature": 0.9}, seed=3)
    return Draft(real_sound() if media is None else media, recipe, kind="sound")


def score_draft() -> Draft:
    """A draft of two bars in two tracks."""
    tune = [Note(0.5 * step, 0.5, 60 + step % 5, 70 + step, 0) for step in range(8)]
    bass = [Note(2.0 * bar, 2.0, 36 + 7 * bar, 90, 1) for bar in range(2)]
    recipe = Recipe(model="composer", model_digest=DIGEST, brief="a march", parameters={"temperature": 1.0}, seed=3)
    return Draft(Score((*tune, *bass), tempo=96.0, tracks=("flûte", "低音")), recipe, kind="music")


def home_with_leaf(path: Path, life: timedelta) -> Home:
    """A home whose signing certificate lives for ``life``."""
    home = open_home(path)
    install(home, *make_authority("Luokuan test", leaf_life=life))
    return home


def clip(count: int = 6, height: int = 48, width: int = 64, fps: float = 12.0, heard: Sound | None = None) -> Clip:
    """Coloured blocks that move two pixels a frame to the left and one up."""
    blocks = np.random.default_rng(1).integers(0, 255, (height // 8 + 2, width // 8 + 4, 3)).astype(np.uint8)
    whole = blocks.repeat(8, axis=0).repeat(8, axis=1)
    places = [(at % 8, 2 * at % 16) for at in range(count)]
    return Clip(np.stack([whole[y : y + height, x : x + width] for y, x in places]), fps, heard)


def clip_draft(media: Clip | None = None) -> Draft:
    """A draft of a clip with sound."""
    recipe = Recipe(model="animator", model_digest=DIGEST, brief="a walk", parameters={"temperature": 0.9}, seed=3)
    return Draft(clip(heard=sound(8_000)) if media is None else media, recipe, kind="video")
