"""Make a starter of a trained model: measure it, write its card and sample sheet, put it into the package.

    luokuan train gan CORPUS --name garments-32 ...          # the command that the card names
    python scripts/make_starter.py garments-32 VERDICTS.txt CORPUS
    python scripts/make_starter.py picture-codec VERDICTS.txt CORPUS CORPUS ...
    python scripts/make_starter.py garments VERDICTS.txt CORPUS
    python scripts/make_starter.py upscaler VERDICTS.txt CORPUS CORPUS ...
    python scripts/make_starter.py verse VERDICTS.txt CORPUS
    python scripts/make_starter.py sentences VERDICTS.txt CORPUS
    python scripts/make_starter.py copy-en VERDICTS.txt CORPUS
    python scripts/make_starter.py copy-zh VERDICTS.txt CORPUS
    python scripts/make_starter.py prose-zh VERDICTS.txt CORPUS
    python scripts/make_starter.py en-zh VERDICTS.txt CORPUS
    python scripts/make_starter.py sounds VERDICTS.txt CORPUS
    python scripts/make_starter.py sprites VERDICTS.txt CORPUS
    python scripts/make_starter.py songs VERDICTS.txt CORPUS
    python scripts/make_starter.py VOICE VERDICTS.txt CORPUS

--int8 stores the weights in half of float16 (what other programs read stays as it is), and measures what is shipped.
VERDICTS.txt holds one honest sentence a line, written by somebody who has looked at the samples.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image

from luokuan.create.chinesewriting import writes_chinese_copy
from luokuan.create.pictures import AMONG
from luokuan.create.prosody import FORMS
from luokuan.create.slotwriting import writes_slots
from luokuan.files import write_atomic
from luokuan.foundation.corpus import open_texts
from luokuan.foundation.corpus.card import read_card
from luokuan.foundation.modelcard import gan_card, storage_section
from luokuan.foundation.modelfolder import (
    CARD,
    CONFIG,
    LANGUAGE,
    SHEET,
    STARTERS,
    TRAINING,
    WEIGHTS,
    ModelFolder,
    read_folder,
    resolve,
)
from luokuan.models.clip.card import clip_card
from luokuan.models.codec.card import codec_card
from luokuan.models.export import to_hub_folder
from luokuan.models.interface import takes_wishes
from luokuan.models.plm.card import plm_card
from luokuan.models.plm.music.card import music_plm_card
from luokuan.models.prior.card import prior_card
from luokuan.models.registry import load_latent_text_model, load_picture_model, load_writing_model, loader_name
from luokuan.models.seq2seq.card import seq2seq_card
from luokuan.models.sound.card import sound_card
from luokuan.models.speech.card import speech_card
from luokuan.models.upscaler.card import upscaler_card
from luokuan.models.upscaler.record import worth_using
from luokuan.models.vae.card import vae_card
from luokuan.models.vae.music.card import music_card
from luokuan.models.vae.text.card import text_vae_card
from luokuan.models.vae.text.measure import held_out_rows
from luokuan.store.home import open_home

LIMITS = {
    "gan": 8_000_000,
    "codec": 8_000_000,
    "prior": 8_000_000,
    "upscaler": 1_000_000,
    "vae": 8_000_000,
    "vae/text": 6_000_000,
    "vae/music": 6_000_000,
    "plm": 10_000_000,
    "plm/music": 8_000_000,
    "seq2seq": 10_000_000,
    "sound": 6_000_000,
    "clip": 8_000_000,
    "speech": 10_000_000,
}
"""Bytes of weights that a starter of each family (or kind of it) may have."""
DRAWN = "samples.png"
"""The sheet as ``luokuan evaluate`` writes it; the starter keeps it as ``SHEET``."""
CODEC_SIZES = (64, 128)
"""Sides in pixels at which a codec is measured."""


def evaluate(model: Path, corpus: Path, *arguments: str) -> dict[str, Any]:
    """What ``luokuan evaluate --json`` prints; its sentences in English, whoever makes the card."""
    command = [sys.executable, "-m", "luokuan", "evaluate", str(model), str(corpus), "--json", *arguments]
    environment = {**os.environ, "LUOKUAN_LANG": "en"}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def of_sampler(
    source: ModelFolder, target: Path, corpora: list[Path], verdicts: list[str], count: int | None = None
) -> str:
    """The card of a model that samples; writes its sheet of samples."""
    model = load_picture_model(str(source.path))
    number = [] if count is None else ["-n", str(count)]
    raw = evaluate(source.path, corpora[0], *number)
    usual = ["--truncation", str(model.usual_truncation), "--among", str(AMONG)]
    if takes_wishes(model):
        usual += ["--guidance", str(model.usual_guidance)]
    ranked = evaluate(source.path, corpora[0], *number, *usual, "--sheet", str(target / DRAWN))
    for surplus in target.glob("*-neighbours.png"):
        surplus.unlink()
    write_card = {"gan": gan_card, "prior": prior_card}[str(source.config["family"])]
    card = write_card(
        source.name,
        source.config,
        source.training,
        evaluation=raw,
        ranked=ranked,
        verdicts=[*raw["verdicts"], *verdicts],
    )
    order = "one column a class; " if source.config["classes"] else ""
    caption = f"Samples, {order}best of {AMONG}, truncation {model.usual_truncation}, seed {ranked['seed']}"
    return card + f"\n![{caption}]({SHEET})\n"


def of_codec(source: ModelFolder, target: Path, corpora: list[Path], verdicts: list[str]) -> str:
    """The card of a codec; writes a sheet of pictures of the first corpus, each beside its reconstruction."""
    found = []
    for corpus in corpora:
        for size in CODEC_SIZES:
            sheet = ("--sheet", str(target / DRAWN)) if not found else ()
            found.append(evaluate(source.path, corpus, "--size", str(size), *sheet))
    verdicts = [*source.training["verdicts"], *verdicts]
    card = codec_card(source.name, source.config, source.training, fidelity=found, verdicts=verdicts)
    return card + f"\n![Held-out pictures at {CODEC_SIZES[0]} px, each with its reconstruction at its right]({SHEET})\n"


def of_upscaler(source: ModelFolder, target: Path, corpora: list[Path], verdicts: list[str]) -> str:
    """The card of an upscaler; writes a sheet of the first corpus: Lanczos, the upscaler's, the original."""
    if not worth_using(source.training):
        raise SystemExit("its record doesn't say that it beats bicubic interpolation in PSNR and kernel distance")
    found = []
    for corpus in corpora:
        sheet = ("--sheet", str(target / DRAWN)) if not found else ()
        found.append(evaluate(source.path, corpus, *sheet))
    verdicts = [*source.training["verdicts"], *verdicts]
    card = upscaler_card(source.name, source.config, source.training, evaluations=found, verdicts=verdicts)
    caption = "Held-out pictures enlarged from 64 px: Lanczos, this upscaler, the original, twice a row"
    return card + f"\n![{caption}]({SHEET})\n"


def of_vae(source: ModelFolder, target: Path, corpora: list[Path], verdicts: list[str]) -> str:
    """The card of a VAE; writes its sheet of reconstructions, samples from both priors and a walk."""
    found = evaluate(source.path, corpora[0], "--sheet", str(target / DRAWN))
    (target / DRAWN).with_name(f"{Path(DRAWN).stem}-latents.png").replace(target / DRAWN)
    for surplus in target.glob("*-neighbours.png"):
        surplus.unlink()
    verdicts = [*source.training["verdicts"], *found["verdicts"], *verdicts]
    card = vae_card(source.name, source.config, source.training, evaluation=found, verdicts=verdicts)
    caption = "Held-out pictures, their reconstructions, samples from N(0, I) and from the mixture, a walk"
    return card + f"\n![{caption}]({SHEET})\n"


def of_sentences(source: ModelFolder, _target: Path, corpora: list[Path], verdicts: list[str]) -> str:
    """The card of a VAE of sentences, with samples, reconstructions and a walk to read."""
    found = evaluate(source.path, corpora[0], "--importance", "500")
    model = load_latent_text_model(source.path)
    _split, held, _known = held_out_rows(model, open_texts(corpora[0]))
    readable = [one.text for one in held.sentences if model.knows(one.text)]
    shown = readable[:: -(-len(readable) // 4)]
    parts = {
        "Samples from the mixture, temperature 0.7, seed 0": model.write(model.latents(6, 0), temperature=0.7),
        "Held-out sentences, each with its reconstruction": [
            f"{text}\n    {made}" for text, made in zip(shown, model.reconstruct(shown), strict=True)
        ],
        "From the first of them to the last in 7 steps": model.write(model.between(shown[0], shown[-1], 7)),
    }
    verdicts = [*source.training["verdicts"], *found["verdicts"], *verdicts]
    card = text_vae_card(source.name, source.config, source.training, evaluation=found, verdicts=verdicts)
    return card + "".join(f"\n{title}:\n\n```\n" + "\n".join(lines) + "\n```\n" for title, lines in parts.items())


def of_music(source: ModelFolder, target: Path, corpora: list[Path], verdicts: list[str]) -> str:
    """The card of a music VAE beside NAME-plain, the same decoder without latents; writes piano-rolls of samples."""
    plain = open_home().models / f"{source.name}-plain"
    beside = ["--beside", str(plain)] if plain.is_dir() else []
    found = evaluate(source.path, corpora[0], *beside, "--sheet", str(target / DRAWN))
    verdicts = [*source.training["verdicts"], *found["verdicts"], *verdicts]
    card = music_card(source.name, source.config, source.training, evaluation=found, verdicts=verdicts)
    return card + f"\n![Piano-rolls of four samples, temperature 1, seed {found['seed']} and on]({SHEET})\n"


def of_songs(source: ModelFolder, target: Path, corpora: list[Path], verdicts: list[str]) -> str:
    """The card of a language model of music; writes piano-rolls of samples."""
    found = evaluate(source.path, corpora[0], "--sheet", str(target / DRAWN))
    verdicts = [*source.training["verdicts"], *found["verdicts"], *verdicts]
    card = music_plm_card(source.name, source.config, source.training, evaluation=found, verdicts=verdicts)
    return card + f"\n![Piano-rolls of four pieces of 8 bars as they come, seed {found['seed']} and on]({SHEET})\n"


VERSE = {
    "poems": "poems",
    "form": "form kept (share of poems)",
    "rhyme": "rhyme kept (share of poems whose rhyming characters the table has)",
    "tones": "tones kept (mean share of places)",
    "distinct_2": "distinct-2 (share of pairs of characters)",
    "longest_shared_median": "longest run shared with a training poem, median (characters)",
    "longest_shared_most": "the same, longest of all",
    "shared_14_or_more": "poems that share 14 characters or more in a row (share)",
}
"""What benchmarks/verse.py measures, as the card calls it."""


def of_verse(source: ModelFolder, target: Path, corpora: list[Path], verdicts: list[str]) -> str:
    """The card of a language model of verse, with what it is worth as verse."""
    command = [sys.executable, "benchmarks/verse.py", str(corpora[0]), "--model", str(source.path), "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    rows = ["| figure | kept to the form | the model alone | real, held out |", "| --- | --- | --- | --- |"]
    rows += [
        f"| {name} | " + " | ".join(f"{found[kind][key]:.4g}" for kind in ("kept", "free", "real")) + " |"
        for key, name in VERSE.items()
    ]
    told = (
        "Poems of the four regular forms with the titles of held-out ones, temperature 0.8, seed 0 "
        "(`python benchmarks/verse.py CORPUS`):\n\n" + "\n".join(rows) + "\n"
    )
    verdicts = [*source.training["verdicts"], *verdicts]
    return plm_card(source.name, source.config, source.training, verdicts=verdicts, measured=told)


COPY = {
    "briefs": "briefs",
    "slots": "values to be told",
    "slot_error_rate": "slot error rate (missing + redundant, as a share of the values)",
    "missing": "values missing",
    "redundant": "values told too often or uncalled for",
    "truths": "true-or-false attributes told (share)",
    "faultless": "sentences in which nothing is found (share)",
    "bleu": "BLEU",
    "different": "different sentences (share)",
}
"""What benchmarks/copywriting.py measures, as the card calls it."""


def of_copywriter(source: ModelFolder, target: Path, corpora: list[Path], verdicts: list[str]) -> str:
    """The card of a language model that writes sentences with slots, with what they are worth."""
    command = [sys.executable, "benchmarks/copywriting.py", str(corpora[0]), "--model", str(source.path), "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    kinds = ("kept", "free", "nearest", "real")
    rows = ["| figure | as `create copy` | the model alone | nearest training sentence | people |"]
    rows.append("| --- " * 5 + "|")
    for key, name in COPY.items():
        cells = ("-" if found[kind][key] is None else f"{found[kind][key]:.4g}" for kind in kinds)
        rows.append(f"| {name} | " + " | ".join(cells) + " |")
    told = (
        f"On the briefs of the test part, seed {found['model']['seed']}, the best of {found['model']['among']} drafts "
        "(`python benchmarks/copywriting.py CORPUS`):\n\n" + "\n".join(rows) + "\n\n"
        f"{found['model']['briefs_in_training']} of these briefs are in the training part, too, with other values. "
        f"{found['kept']['references_mean']:.2f} references a brief; of people one of them against the others, on "
        f"{found['real'].get('bleu_briefs', 0)} briefs that have several. sacrebleu's signature: "
        f"`{found['kept']['bleu_signature']}`.\n"
    )
    verdicts = [*source.training["verdicts"], *verdicts]
    return plm_card(source.name, source.config, source.training, verdicts=verdicts, measured=told)


CHINESE_COPY = {
    "dish": {
        "slot_error_rate": "slot error rate (missing + redundant, as a share of the marks)",
        "facts_told": "tastes, textures and ways of cooking told (share)",
        "uncalled": "sentences with such a fact that wasn't given (share)",
    },
    "couplet": {
        "length": "lines of the same, right length (share)",
        "ends": "ends oblique, then level (share)",
        "opposite": "opposite tones at the even places (mean share)",
        "repeats": "no character in both lines, repeats agree (share)",
        "all_rules": "all four rules kept (share)",
        "heads": "given first characters (share)",
    },
    "saying": {"two_parts": "two parts (share)", "word": "holds the word (share)"},
}
"""What benchmarks/chinese_copy.py measures of each kind, as the card calls it."""
CHINESE_COPY_ALL = {
    "distinct_2": "distinct-2 (share of pairs of characters)",
    "longest_shared_median": "longest run shared with a training line, median (characters)",
    "longest_shared_most": "the same, longest of all",
    "whole": "stand in the training part as they are (share)",
}
CHINESE_COPY_KINDS = {"dish": "Sentences about dishes", "couplet": "Couplets", "saying": "Two-part sayings"}


def of_chinese_copywriter(source: ModelFolder, target: Path, corpora: list[Path], verdicts: list[str]) -> str:
    """The card of a language model that writes Chinese copy, with what its lines are worth."""
    command = [sys.executable, "benchmarks/chinese_copy.py", str(corpora[0]), "--model", str(source.path), "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    rows = ["| figure | as `create copy` | the model alone | people, held out |", "| --- | --- | --- | --- |"]
    for kind, title in CHINESE_COPY_KINDS.items():
        own = found[kind]
        rows.append(f"| **{title}** | " + " | ".join(str(own[who]["lines"]) for who in ("kept", "free", "real")) + " |")
        for key, name in {**CHINESE_COPY[kind], **CHINESE_COPY_ALL}.items():
            cells = ("-" if own[who][key] is None else f"{own[who][key]:.4g}" for who in ("kept", "free", "real"))
            rows.append(f"| {name} | " + " | ".join(cells) + " |")
    told = (
        f"On the headings of the test part, temperature 0.8, seed {found['model']['seed']}, the best of "
        f"{found['model']['among']} drafts (`python benchmarks/chinese_copy.py CORPUS`):\n\n" + "\n".join(rows) + "\n"
    )
    verdicts = [*source.training["verdicts"], *verdicts]
    return plm_card(source.name, source.config, source.training, verdicts=verdicts, measured=told)


PROSE = {
    "texts": "texts",
    "distinct_2": "distinct-2 (share of pairs of characters)",
    "longest_shared_median": "longest run shared with the training text, median (characters)",
    "longest_shared_most": "the same, longest of all",
}
"""What benchmarks/prose.py measures, as the card calls it."""


def of_prose(source: ModelFolder, target: Path, corpora: list[Path], verdicts: list[str]) -> str:
    """The card of a language model of prose, with continuations of held-out text."""
    command = [sys.executable, "benchmarks/prose.py", str(corpora[0]), "--model", str(source.path), "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    rows = ["| figure | the model | held-out text |", "| --- | --- | --- |"]
    rows += [f"| {name} | {found['made'][key]:.4g} | {found['real'][key]:.4g} |" for key, name in PROSE.items()]
    samples = "\n\n".join(f"> **{opening}**{' '.join(text.split())}" for opening, text in found["samples"])
    told = (
        f"Continuations of the beginnings of held-out passages, {found['made']['characters_mean']:.0f} characters "
        f"each, temperature 0.8, top-p 0.95, seed {found['model']['seed']} (`python benchmarks/prose.py CORPUS`):\n\n"
        + "\n".join(rows) + f"\n\nThe first of them, openings in bold:\n\n{samples}\n"
    )  # fmt: skip
    verdicts = [*source.training["verdicts"], *verdicts]
    return plm_card(source.name, source.config, source.training, verdicts=verdicts, measured=told)


def of_writer(source: ModelFolder, target: Path, corpora: list[Path], verdicts: list[str]) -> str:
    """The card of a language model, with what it is worth at what it was trained for."""
    model = load_writing_model(source.path)
    kind = of_prose
    first = next(map("".join, open_texts(corpora[0]).split("train")))
    if first.partition("·")[0] in FORMS:
        kind = of_verse
    elif writes_slots(model):
        kind = of_copywriter
    elif writes_chinese_copy(model):
        kind = of_chinese_copywriter
    return kind(source, target, corpora, verdicts)


def of_translator(source: ModelFolder, target: Path, corpora: list[Path], verdicts: list[str]) -> str:
    """The card of an encoder-decoder, with chrF and BLEU beside a translation memory."""
    command = [sys.executable, "benchmarks/translation.py", str(corpora[0]), "--model", str(source.path), "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    rows = [
        "| direction | sentences (references) | chrF | of a translation memory | difference [95 %] | BLEU | "
        "of a translation memory |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    signatures = []
    for way in found["directions"]:
        apart = way["difference"]
        cells = [f"{way[who][what]['score']:.1f} ± {way[who][what]['ci']:.1f}" for what in ("chrf", "bleu")
                 for who in ("model", "memory")]  # fmt: skip
        cells.insert(2, f"{apart['chrf']:.1f} [{apart['low']:.1f}, {apart['high']:.1f}]")
        head = f"{way['from']} → {way['to']} | {way['sentences']} ({way['references']})"
        rows.append(f"| {head} | " + " | ".join(cells) + " |")
        signatures += [f"`{way['model'][what]['signature']}`" for what in ("chrf", "bleu")]
    told = (
        f"Held-out sentences, {found['beams']} beams, seed {found['seed']} (`python benchmarks/translation.py CORPUS`; "
        "95 % intervals by 1,000 bootstrap samples):\n\n" + "\n".join(rows) + "\n\n"
        f"sacrebleu's signatures: {', '.join(dict.fromkeys(signatures))}.\n"
    )
    verdicts = [*source.training["verdicts"], *verdicts]
    return seq2seq_card(source.name, source.config, source.training, verdicts=verdicts, measured=told)


def of_sound(source: ModelFolder, target: Path, corpora: list[Path], verdicts: list[str]) -> str:
    """The card of a model of sound effects; writes spectrograms of clips, of the same encoded, and of new sounds."""
    found = evaluate(source.path, corpora[0], "--sheet", str(target / DRAWN))
    verdicts = [*source.training["verdicts"], *found["verdicts"], *verdicts]
    card = sound_card(source.name, source.config, source.training, evaluation=found, verdicts=verdicts)
    caption = f"Spectrograms, a column a category: a held-out clip, the same encoded, a new one; seed {found['seed']}"
    return card + f"\n![{caption}]({SHEET})\n"


def of_clip(source: ModelFolder, target: Path, corpora: list[Path], verdicts: list[str]) -> str:
    """The card of a model of clips; writes a contact sheet of clips, of the same encoded, and of new ones."""
    found = evaluate(source.path, corpora[0], "--sheet", str(target / DRAWN))
    verdicts = [*source.training["verdicts"], *found["verdicts"], *verdicts]
    card = clip_card(source.name, source.config, source.training, evaluation=found, verdicts=verdicts)
    caption = f"Of six held-out clips: the clip, the same encoded, a new one with its attributes; seed {found['seed']}"
    return card + f"\n![{caption}]({SHEET})\n"


def of_voice(source: ModelFolder, target: Path, corpora: list[Path], verdicts: list[str]) -> str:
    """The card of a voice, with the words heard wrong; writes spectrograms of recordings and of the same said."""
    found = evaluate(source.path, corpora[0], "-n", "50", "--sheet", str(target / DRAWN))
    verdicts = [*source.training["verdicts"], *found["verdicts"], *verdicts]
    card = speech_card(source.name, source.config, source.training, evaluation=found, verdicts=verdicts)
    caption = f"Spectrograms: a held-out recording, and the same said; seed {found['seed']}"
    return card + f"\n![{caption}]({SHEET})\n"


def keep_licence(source: ModelFolder, target: Path, corpora: list[Path]) -> None:
    """What a licence asks to stay with what was learnt: its text and the names of the authors, beside the weights."""
    if "-SA" not in source.licence.upper():
        return
    texts = [path for corpus in corpora for mark in ("LICENSE*", "AUTHORS*") for path in sorted(corpus.glob(mark))]
    if not any(path.name.startswith("LICENSE") for path in texts):
        raise SystemExit(f"{source.licence} asks for its text: put it as LICENSE… into the corpus")
    for path in texts:
        shutil.copyfile(path, target / path.name)


CARDS = {
    "codec": of_codec,
    "upscaler": of_upscaler,
    "vae": of_vae,
    "vae/text": of_sentences,
    "vae/music": of_music,
    "plm": of_writer,
    "plm/music": of_songs,
    "seq2seq": of_translator,
    "sound": of_sound,
    "clip": of_clip,
    "speech": of_voice,
}


def main() -> None:
    """Copy, measure, write the card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name")
    parser.add_argument("verdicts", type=Path)
    parser.add_argument("corpora", type=Path, nargs="+")
    parser.add_argument("--int8", action="store_true", help="store the weights as int8, and measure these")
    parser.add_argument("--count", type=int, help="samples to measure (default: as many as held-out pictures)")
    options = parser.parse_args()
    source = resolve(options.name)
    if source.path.parent == STARTERS:
        raise SystemExit(f"{options.name} is not in the store")
    family = loader_name(source)
    if (source.path / WEIGHTS).stat().st_size > LIMITS[family]:
        raise SystemExit(f"the weights have more than {LIMITS[family]} bytes")
    verdicts = [line for line in options.verdicts.read_text(encoding="utf-8").splitlines() if line.strip()]
    with tempfile.TemporaryDirectory() as room:
        if options.int8:
            to_hub_folder(source, Path(room) / source.name, int8=True)
            source = read_folder(Path(room) / source.name)
        print(ship(source, options.corpora, verdicts, options.count).digest)


def ship(source: ModelFolder, corpora: list[Path], verdicts: list[str], count: int | None) -> ModelFolder:
    """Put the model among the starters, with its sheet and a card of what was measured on it."""
    family, target = loader_name(source), STARTERS / source.name
    target.mkdir(parents=True, exist_ok=True)
    for name in (CONFIG, WEIGHTS, *LANGUAGE):
        if (source.path / name).is_file():
            shutil.copyfile(source.path / name, target / name)
    keep_licence(source, target, corpora)
    # Words for words have no part in training: those that the corpus's card has now.
    card = read_card(corpora[0])
    source.training["corpus"]["aliases"] = dict(card.aliases) if card else {}
    write_atomic(target / TRAINING, json.dumps(source.training, indent=1, ensure_ascii=False).encode())
    if family in ("gan", "prior"):
        text = of_sampler(source, target, corpora, verdicts, count)
    else:
        text = CARDS[family](source, target, corpora, verdicts)
    if source.stored:
        text += "\n" + storage_section(measured=True)
    keep_sheet(target)
    write_atomic(target / CARD, text.encode())
    return read_folder(target)


def keep_sheet(target: Path) -> None:
    """The sheet, if one was drawn, as WebP: without loss where that takes hardly more (drawings and large dots)."""
    if not (target / DRAWN).is_file():
        return
    with Image.open(target / DRAWN) as picture:
        sheet = picture.convert("RGB")
    kept = []
    for how in ({"lossless": True}, {"quality": 90}):
        out = io.BytesIO()
        sheet.save(out, "WEBP", **how)
        kept.append(out.getvalue())
    write_atomic(target / SHEET, kept[0] if len(kept[0]) <= 1.25 * len(kept[1]) else kept[1])
    (target / DRAWN).unlink()


if __name__ == "__main__":
    main()
