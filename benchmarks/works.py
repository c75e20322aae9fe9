"""How long one waits for a work of each kind: the first finished file, the next one, and its real-time factor.

    python benchmarks/works.py [--kinds speech-en music …] [--clip MODEL] [--songs MODEL] [--storyboard FILE] [--json]

Each kind is made in a process of its own with a home of its own, by the starter that comes with Luokuan. ``first``:
seconds on the clock from the start of the process to the finished file in a folder: Python, libraries, a new home with
its keys, the model, the work, its label, watermark and signature. ``next``: the same process makes another, by another
seed. ``lasts``: the seconds of the second work, of what can be played. ``factor``: ``next`` / ``lasts``, the real-time
factor: below 1, it is made quicker than it is heard or seen. ``CPU``: seconds of both, all threads. Nothing else should
run on the machine meanwhile.

``--clip`` and ``--songs``: models in place of the starters of those kinds, a name in the home of ``LUOKUAN_HOME`` or a
folder. ``--storyboard``: a short, made twice.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from luokuan.colophon.finish import export_work
from luokuan.colophon.schema import Work
from luokuan.foundation.modelfolder import resolve
from luokuan.store.home import open_home

ENGLISH = "Every work that leaves this house carries its label, its signature and where it came from."
CHINESE = "每一件离开这里的作品，都带着它的标识、签名和来历。"
FACTS = {"memory": "8 gb", "battery": "9 hour", "weight": "1.7 kilogram"}
Maker = Callable[[int, Path], tuple[Work, str]]
"""(seed, a folder) → the work, and the ending of its file."""


def _text(name: str) -> Maker:
    def make(seed: int, _folder: Path) -> tuple[Work, str]:
        from luokuan.create.copies import create_copy
        from luokuan.create.latenttexts import create_latent_text
        from luokuan.create.texts import create_text
        from luokuan.create.translations import create_translation
        from luokuan.create.verses import create_verse

        makers: dict[str, Callable[[], Work]] = {
            "text": lambda: create_text("却说", model="prose-zh", seed=seed),
            "verse": lambda: create_verse("江上", seed=seed),
            "copy": lambda: create_copy("Aspire 5", attributes=FACTS, model="copy-en", seed=seed),
            "sentence": lambda: create_latent_text("I went to the sea.", model="sentences", seed=seed),
            "translation": lambda: create_translation(ENGLISH, to="zh", seed=seed),
        }
        return makers[name](), ".txt"

    return make


def _picture(seed: int, _folder: Path) -> tuple[Work, str]:
    from luokuan.create.pictures import create_image

    return create_image("pants", model="garments", seed=seed), ".png"


def _speech(text: str, voice: str) -> Maker:
    def make(seed: int, _folder: Path) -> tuple[Work, str]:
        from luokuan.create.speeches import create_speech

        return create_speech(text, voices=voice or (), seed=seed), ".wav"

    return make


def _sound(seed: int, _folder: Path) -> tuple[Work, str]:
    from luokuan.create.sounds import create_sound

    return create_sound("rain", seed=seed), ".wav"


def _music(model: str) -> Maker:
    def make(seed: int, _folder: Path) -> tuple[Work, str]:
        from luokuan.create.pieces import create_one

        return create_one(model=model, seed=seed, media_type="audio/wav"), ".wav"

    return make


def _presenter(seed: int, _folder: Path) -> tuple[Work, str]:
    from luokuan.create.presenters.drafts import create_presenter

    return create_presenter(ENGLISH, title="Luokuan", seed=seed), ".mp4"


def _drawn(what: str, model: str, seed: int, folder: Path) -> Path:
    from luokuan.create.pictures import create_image

    picture = folder / f"{model}-{seed}.png"
    export_work(create_image(what, model=model, seed=seed), picture)
    return picture


def _effect(seed: int, folder: Path) -> tuple[Work, str]:
    from luokuan.create.effects.drafts import create_effect

    return create_effect(_drawn("pants", "garments", seed, folder), "zoom"), ".mp4"


def _style(seed: int, folder: Path) -> tuple[Work, str]:
    from luokuan.create.effects.drafts import create_effect

    picture, toward = _drawn("pants", "garments", seed, folder), _drawn("", "portraits", seed, folder)
    return create_effect(picture, "style", toward=toward, media_type="image/png"), ".png"


def _clip(model: str) -> Maker:
    def make(seed: int, _folder: Path) -> tuple[Work, str]:
        from luokuan.create.clips import create_clip

        return create_clip("", model=model, seed=seed), ".mp4"

    return make


def _short(storyboard: str) -> Maker:
    def make(_seed: int, _folder: Path) -> tuple[Work, str]:
        from luokuan.create.shorts.drafts import create_video

        return create_video(Path(storyboard)), ".mp4"

    return make


KINDS: dict[str, Maker] = {
    **{name: _text(name) for name in ("text", "verse", "copy", "sentence", "translation")},
    "picture": _picture,
    "speech-en": _speech(ENGLISH, ""),
    "speech-zh": _speech(CHINESE, ""),
    "speech-trained": _speech(ENGLISH, "kathleen"),
    "sound": _sound,
    "music": _music("chorale"),
    "songs": _music("songs"),
    "presenter": _presenter,
    "clip": _clip("sprites"),
    "effect": _effect,
    "style": _style,
}


def seconds_of(path: Path) -> float | None:
    """How long a file plays; None: it doesn't."""
    if path.suffix == ".wav":
        import soundfile

        return float(soundfile.info(path).duration)
    if path.suffix == ".mp4":
        from imageio_ffmpeg import count_frames_and_secs

        return float(count_frames_and_secs(str(path))[1])
    return None


def make_two(make: Maker, began: float, folder: Path) -> dict[str, Any]:
    """Make two works in this process.

    Args:
        make: How.
        began: ``time.time()`` when the process was started.
        folder: For the files.
    """
    taken = []
    for seed in (0, 1):
        start = began if seed == 0 else time.time()
        work, ending = make(seed, folder)
        path = folder / f"work-{seed}{ending}"
        export_work(work, path)
        taken.append(time.time() - start)
    lasts = seconds_of(path)
    used = os.times()
    found: dict[str, Any] = {"first": taken[0], "next": taken[1], "lasts": lasts}
    found["factor"] = taken[1] / lasts if lasts else None
    found["cpu"] = used.user + used.system + used.children_user + used.children_system
    return found


def measure(kind: str, extra: list[str]) -> dict[str, Any]:
    """``make_two`` in a new process with a new home.

    Raises:
        RuntimeError: the process failed; what it printed.
    """
    with tempfile.TemporaryDirectory(prefix="works-") as name:
        folder = Path(name)
        environment = {**os.environ, "LUOKUAN_HOME": str(folder / "home")}
        began = time.time()
        command = [sys.executable, __file__, "--child", kind, "--began", repr(began), "--folder", name, *extra]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{kind}: {done.stderr.strip()[-2000:]}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def kinds_of(options: argparse.Namespace) -> dict[str, Maker]:
    """The kinds there are: the starters', and with the models that were named."""
    found = dict(KINDS)
    if options.clip:
        found["clip"] = _clip(options.clip)
    if options.songs:
        found["songs"] = _music(options.songs)
    if options.storyboard:
        found["short"] = _short(options.storyboard)
    return found


def main() -> None:
    """Measure each kind and print a line of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinds", nargs="+")
    parser.add_argument("--clip", default="")
    parser.add_argument("--songs", default="")
    parser.add_argument("--storyboard", default="")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--began", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    kinds = kinds_of(options)
    if options.child:
        print(json.dumps(make_two(kinds[options.child], options.began, options.folder)))
        return
    if unknown := [kind for kind in options.kinds or () if kind not in kinds]:
        parser.error(f"no such kind: {', '.join(unknown)}; there are {', '.join(kinds)}")
    extra: list[str] = []
    for name in ("clip", "songs"):
        if given := getattr(options, name):  # the child has another home: a name would mean nothing there
            extra += [f"--{name}", str(resolve(given, open_home()).path)]
    if options.storyboard:
        extra += ["--storyboard", str(Path(options.storyboard).resolve())]
    found = {}
    for kind in options.kinds or kinds:
        found[kind] = one = measure(kind, extra)
        if not options.json:
            plays = f", lasts {one['lasts']:.1f} s: factor {one['factor']:.2f}" if one["lasts"] else ""
            print(
                f"{kind}: first {one['first']:.1f} s, next {one['next']:.2f} s{plays}, CPU {one['cpu']:.1f} s",
                flush=True,
            )
    if options.json:
        print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
