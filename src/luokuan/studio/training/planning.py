"""The dry run of a training: what it would take here. A child process trains a few steps and undoes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from luokuan.foundation.family import FamilyTraining
from luokuan.store.home import Home

NAME = "dry-run"


def plan(family: str, corpora: Sequence[Path], choices: Mapping[str, Any], home: Home) -> dict[str, Any]:
    """What ``luokuan train FAMILY --dry-run --json`` says.

    Raises:
        UserError: a corpus or a choice can't be used.
    """
    found = prepared(family, corpora, {**choices, "name": NAME}, home).plan()
    return {
        "parameters": sum(found.parameters.values()),
        "steps": found.steps,
        "items": found.items,
        "items_per_second": found.items_per_second,
        "seconds": found.seconds,
        "memory": found.memory,
        "precision": found.precision,
        "device": found.device,
        "unit": found.unit,
        "training_items": found.training_items,
        "held_out_items": found.held_out_items,
        "licence": found.licence,
    }


def prepared(family: str, corpora: Sequence[Path], choices: Mapping[str, Any], home: Home) -> FamilyTraining[Any, Any]:
    """The run as its family's training function would prepare it.

    Raises:
        UserError: see ``plan``.
    """
    shared: dict[str, Any] = {"resume": False, "home": home, "quiet": True, **choices}
    if family == "gan":
        from luokuan.models.gan.kinds import prepare as prepare_gan

        return prepare_gan(corpora[0], **shared)
    if family == "vae":
        from luokuan.models.vae.kinds import prepare as prepare_vae

        return prepare_vae(corpora[0], **shared)
    if family == "plm":
        from luokuan.models.plm.train import prepare as prepare_plm

        return prepare_plm(corpora[0], **shared)
    if family == "seq2seq":
        from luokuan.models.seq2seq.train import prepare as prepare_pairs

        return prepare_pairs(list(corpora), **shared)
    if family == "sound":
        from luokuan.foundation.corpus.sounds import open_sounds
        from luokuan.models.sound.train import SoundRun, SoundTraining

        return SoundTraining((open_sounds(corpora[0]),), SoundRun(**choices), home=home, quiet=True)
    if family == "clip":
        from luokuan.foundation.corpus.clips import open_clips
        from luokuan.models.clip.train import ClipRun, ClipTraining

        return ClipTraining((open_clips(corpora[0]),), ClipRun(**choices), home=home, quiet=True)
    if family == "speech":
        from luokuan.foundation.corpus.utterances import open_speech
        from luokuan.models.speech.train import SpeechRun, SpeechTraining

        return SpeechTraining((open_speech(corpora[0]),), SpeechRun(**choices), home=home, quiet=True)
    return _of_pictures(family, corpora, choices, home)


def _of_pictures(
    family: str, corpora: Sequence[Path], choices: Mapping[str, Any], home: Home
) -> FamilyTraining[Any, Any]:
    from luokuan.foundation.corpus import open_corpus

    opened = tuple(open_corpus(place) for place in corpora)
    if family == "prior":
        from luokuan.models.prior.train import PriorRun, PriorTraining

        return PriorTraining(opened, PriorRun(**choices), home=home, quiet=True)
    if family == "codec":
        from luokuan.models.codec.train import CodecRun, CodecTraining

        return CodecTraining(opened, CodecRun(**choices), home=home, quiet=True)
    from luokuan.models.upscaler.train import UpscalerRun, UpscalerTraining

    assert family == "upscaler", family
    return UpscalerTraining(opened, UpscalerRun(**choices), home=home, quiet=True)
