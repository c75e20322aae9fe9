"""A storyboard to a clip: the same each time, in sync, with all that was used told; and what ends it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from drafts import DATA, draft, sound_draft
from PIL import Image
from soundmodels import save_sound_model

import luokuan
from luokuan.colophon import c2pa_sign, ffmpeg, history, manifest
from luokuan.colophon.finish import export_work, finish
from luokuan.colophon.formats.base import MANIFEST
from luokuan.colophon.ingredients import COMPOSITE
from luokuan.colophon.lineage import lineage_of
from luokuan.colophon.schema import Draft, Recipe, Work, samples_digest
from luokuan.colophon.verification import verify_file
from luokuan.create.shorts.drafts import create_video, draft_video
from luokuan.create.shorts.sources import beside, register_sounds
from luokuan.create.shorts.storyboard import parsed_storyboard
from luokuan.errors import UserError
from luokuan.media import Clip, PackedFrames, Sound
from luokuan.rights.permission import permission_of
from luokuan.store.home import Home, open_home

needs_ffmpeg = pytest.mark.skipif(not ffmpeg.encodes("libvpx-vp9"), reason="no ffmpeg with VP9")
HEAD = "aspect: 1:1\nsize: 96\nfps: 8\nseed: 3\n"
SPOKEN = f"""{HEAD}captions: true
scenes:
  - seconds: 0.5
    background: navy
  - background: {{gradient: [navy, white]}}
    transition: {{kind: dissolve, seconds: 0.25}}
    characters: [{{name: mia, rig: {{hair: bob}}}}]
    speech: {{who: mia, say: "Hello, Bob."}}
"""
SILENT = HEAD + "scenes: [{seconds: 0.5, background: navy}]\n"


@pytest.fixture
def home(own_home: Path) -> Home:
    return open_home(own_home)


def made(text: str, home: Home, folder: Path = Path(), **options: Any) -> Draft:
    return draft_video(parsed_storyboard(text), sources=beside(folder, home), **options)[0]


def clip_in(found: Draft) -> Clip:
    assert isinstance(found.media, Clip)
    return found.media


@pytest.mark.parametrize("licence", [" ", "\\n", "()"])
def test_a_licence_without_terms_states_nothing(home: Home, tmp_path: Path, licence: str) -> None:
    Image.new("RGB", (40, 30)).save(tmp_path / "a.png")
    text = f'{HEAD}licence: "{licence}"\nscenes: [{{seconds: 0.25, background: {{picture: a.png}}}}]\n'
    assert made(text, home, tmp_path).recipe.licence == "unknown"


def test_speech_words_and_lips_are_in_sync(home: Home) -> None:
    found = made(SPOKEN, home)
    clip = clip_in(found)
    assert isinstance(clip.frames, PackedFrames) and clip.frames.shape[1:] == (96, 96, 3) and found.kind == "video"
    assert clip.sound is not None and clip.sound.seconds == pytest.approx(clip.seconds, abs=0.001)
    assert "".join(word.text for word in clip.sound.words) == "Hello, Bob."
    start, end = clip.sound.words[0].start, clip.sound.words[-1].end
    assert start > 0.5 + 0.25 + 0.3 and end < clip.seconds
    level = np.abs(clip.sound.samples).max(axis=0)
    rate = clip.sound.rate
    assert level[: round(start * rate) - rate // 10].max() < 0.02 < level[round(start * rate) : round(end * rate)].max()
    # The mouth moves while somebody speaks, and only then.
    mouth = np.stack([frame[44:62, 38:58].astype(int) for frame in clip.frames])
    moving = np.abs(np.diff(mouth, axis=0)).mean(axis=(1, 2, 3))
    frames = slice(round(start * 8), round(end * 8))
    assert moving[frames].max() > 4 * max(0.2, float(moving[-3:].max()))
    # Captions are burnt in where they are said.
    low = [frame[80:].astype(int).std() for frame in clip.frames]
    assert low[round((start + end) / 2 * 8)] > low[-1]
    assert found.recipe.model == "storyboard+heart" and found.recipe.parameters["pieces"][0]["kind"] == "speech"
    assert found.recipe.licence == "Apache-2.0"


def test_the_same_storyboard_makes_the_same_clip(home: Home) -> None:
    text = (
        HEAD
        + """scenes:
  - seconds: 0.5
    background: {scenery: night}
    camera: {shake: 1}
    characters: [{rig: {}, sway: 1}]
"""
    )
    one, same = made(text, home), made(text, home)
    assert samples_digest(one.media) == samples_digest(same.media) and one.recipe == same.recipe
    assert samples_digest(made(text.replace("seed: 3", "seed: 4"), home).media) != samples_digest(one.media)
    assert clip_in(one).sound is None and len(clip_in(one).frames) == 4


def test_a_name_has_the_same_looks_in_each_scene(home: Home) -> None:
    scene = "  - {seconds: 0.25, background: white, characters: [{name: mia, rig: {}, height: 1.0}]}\n"
    clip = clip_in(made(f"{HEAD}scenes:\n{scene}{scene}", home))
    hair = [np.asarray(clip.frames[place][:40], float).mean(axis=(0, 1)) for place in (0, 2)]
    assert np.abs(hair[0] - hair[1]).max() < 6


def write_cut_out(path: Path) -> None:
    pixels = np.zeros((40, 40, 4), np.uint8)
    pixels[10:30, 10:30] = (200, 30, 30, 255)
    Image.fromarray(pixels).save(path)


@needs_ffmpeg
def test_files_and_works_become_ingredients(home: Home, tmp_path: Path) -> None:
    write_cut_out(tmp_path / "red.png")
    work = finish(draft(), home=home)
    ring = finish(sound_draft(), home=home, media_type="audio/wav")
    text = (
        HEAD
        + f"""licence: CC0-1.0
music: {{file: {DATA / "music" / "chorale-1.mid"}}}
scenes:
  - seconds: 1
    background: {{picture: "work:{work.id}"}}
    characters: [{{picture: red.png, at: [0.5, 0.8], height: 0.5}}]
    sounds: [{{file: "work:{ring.id}", at: 0.2}}, {{file: {DATA / "sound" / "metal.flac"}, at: 0.5, loop: true}}]
"""
    )
    (tmp_path / "board.yaml").write_text(text, encoding="utf-8")
    kept: list[Draft] = []

    def keeping(one: Draft, **options: Any) -> Work:
        kept.append(one)
        return finish(one, **options)

    found = luokuan.create.video(tmp_path / "board.yaml", media_type="video/webm", home=home, finisher=keeping)
    export_work(found, tmp_path / "x.webm")
    assert verify_file(tmp_path / "x.webm", home=home).verdict == "ours"
    store = c2pa_sign.read(found.data, "video/webm", c2pa_sign.context(), found.sidecars[MANIFEST]).store
    claim = manifest.read(store)
    assert claim.source == COMPOSITE and claim.purpose == "reference"
    steps = [step for step in history.read(store) if step.depth == 0]
    assert {step.work for step in steps} >= {work.id, ring.id} and len(steps) == 5
    assert found.recipe.licence == "unknown", "the works of this test have no licence"
    assert sorted(found.recipe.parameters["files"]) == found.recipe.parameters["files"]
    graph = lineage_of(work.id, home)
    assert any(node.title == found.id for node in graph.nodes.values())
    red = clip_in(kept[0]).frames[4]
    assert red[50, 48, 0] > 150 > red[50, 48, 1] and not red[5, 5, 0] > 150 > red[5, 5, 1]


def test_a_maker_of_sounds_can_be_plugged_in(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    text = HEAD + "scenes: [{seconds: 0.5, background: navy, sounds: [{make: rain, seconds: 0.4}]}]\n"
    monkeypatch.setattr("luokuan.create.shorts.sources._makers", {})
    with pytest.raises(UserError, match=r"line 5: 'scenes.1.sounds.1.make': nothing here makes sounds"):
        made(text, home)

    def rain(what: str, seconds: float, seed: int) -> Draft:
        noise = np.random.default_rng(seed).normal(0, 0.1, (1, round(seconds * 16_000))).astype(np.float32)
        return Draft(Sound(noise, 16_000), Recipe("drops", "cd" * 32, brief=what, licence="CC0-1.0"), kind="sound")

    register_sounds("drops", rain)
    found = made(text, home)
    sound = clip_in(found).sound
    assert sound is not None and np.abs(sound.samples).max() > 0.05
    assert found.recipe.model == "storyboard+drops" and found.recipe.licence == "CC0-1.0"


@needs_ffmpeg
def test_its_voices_are_asked_for_and_its_program_is_not(home: Home) -> None:
    scene = "scenes:\n- background: {scenery: hills}\n  speech: [{say: Hi.}, {say: 你好, voice: mandarin}]\n"
    found = made(HEAD + scene, home)
    assert {one["name"] for one in found.recipe.parameters["voices"]} == {"heart", "mandarin"}
    permission = permission_of(finish(found, home=home, media_type="video/webm").id, home)
    sources = {(one.source.kind, one.source.title) for one in permission.findings}
    assert {("voice", "heart"), ("voice", "mandarin")} <= sources and not {one for one in sources if one[0] == "model"}
    assert "record" not in {one.kind for one in permission.conditions}, "nobody can bring back a program"


def test_a_model_makes_the_sound_of_a_scene(home: Home) -> None:
    save_sound_model(home.models / "noises")
    scene = "scenes: [{seconds: 0.5, background: navy, sounds: [{model: noises, brief: 嘶, seconds: 0.4}]}]\n"
    found = made(HEAD + scene, home)
    assert found.recipe.model == "storyboard+noises" and found.recipe.licence == "CC0-1.0"
    assert [one["brief"] for one in found.recipe.parameters["pieces"]] == ["嘶"]
    sound = clip_in(found).sound
    assert sound is not None and np.abs(sound.samples[:, : round(0.3 * sound.rate)]).max() > 0.01
    with pytest.raises(UserError, match=r"line 5: 'scenes.1.sounds.1.model'.*no category 'thunder'"):
        made(HEAD + scene.replace("嘶", "thunder"), home)


def flac(seconds: float) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, np.zeros(round(8_000 * seconds), np.float32), 8_000, format="FLAC")
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "scene"),
    [
        ("a.png", None, "background: {picture: a.png}"),
        ("a.png", b"\x89PNG\r\n\x1a\nbroken", "background: {picture: a.png}"),
        ("a.png", b"", "background: {picture: a.png}"),
        ("a.png", flac(0.1), "background: {picture: a.png}"),
        ("a.wav", b"RIFF\x20\x00\x00\x00WAVEfmt broken", "sounds: [{file: a.wav}]"),
        ("a.wav", b"RIFF", "sounds: [{file: a.wav}]"),
        ("a.flac", flac(0.5)[:60], "sounds: [{file: a.flac}]"),
        ("a.mid", b"MThd\x00\x00\x00\x06\x00\x01", "sounds: [{file: a.mid}]"),
        ("a", None, 'background: {picture: "work:0123456789abcdef"}'),
        ("a", None, "background: {image: {model: nosuch}}"),
        ("a", None, "words: {text: {model: nosuch}}"),
    ],
)  # fmt: skip
def test_what_a_storyboard_names_and_cannot_be_used(
    home: Home, tmp_path: Path, name: str, data: bytes | None, scene: str
) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    behind = "" if "background" in scene else "    background: navy\n"
    with pytest.raises(UserError) as caught:
        made(f"{HEAD}scenes:\n  - seconds: 0.5\n{behind}    {scene}\n", home, tmp_path)
    assert f"line {8 if behind else 7}" in caught.value.what and "scenes.1" in caught.value.what
    assert caught.value.code == "video.storyboard"


@pytest.mark.parametrize("way", ["sounds: [{file: a.wav, loop: true}]", "music"])
@pytest.mark.parametrize("level", [0.0, 50.0])
def test_silence_and_clipped_sounds_are_mixed_within_the_limit(
    home: Home, tmp_path: Path, level: float, way: str
) -> None:
    tone = np.clip(level * np.sin(2 * np.pi * 300 * np.arange(8_000) / 8_000), -1, 1)
    soundfile.write(tmp_path / "a.wav", tone, 8_000)
    music, scene = ("music: {file: a.wav}\n", "") if way == "music" else ("", f", {way}")
    sound = clip_in(made(f"{HEAD}{music}scenes: [{{seconds: 0.5, background: navy{scene}}}]\n", home, tmp_path)).sound
    assert sound is not None and sound.seconds == pytest.approx(0.5) and np.isfinite(sound.samples).all()
    peak = np.abs(sound.samples).max()
    assert peak == 0 if level == 0 else 0.05 < peak <= 10 ** (-1.5 / 20) + 1e-4


@pytest.mark.parametrize("text", ["🙂🎉", "… ！？", "שלום", "x" * 6_000 + " y"])
def test_texts_that_cannot_be_said(home: Home, text: str) -> None:
    scene = f"  - background: navy\n    speech: {{say: '{text}', rate: 0.5}}\n"
    board = HEAD + "scenes:\n" + ("  - {seconds: 590, background: navy}\n" if "x" in text else "") + scene
    with pytest.raises(UserError) as caught:
        made(board, home)
    assert "speech.say" in caught.value.what


def test_a_cancel_while_it_is_drawn_ends_it(home: Home) -> None:
    def stop(done: int, _total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        create_video(parsed_storyboard(SILENT), home=home, on_frame=stop)
    assert not [path for path in (home.path / "blobs").rglob("*") if path.is_file()]
    with pytest.raises(UserError, match=r"image/png|format"):
        create_video(parsed_storyboard(SILENT), home=home, media_type="image/png")
