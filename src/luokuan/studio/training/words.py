"""Words of runs, jobs and figures, for people."""

from __future__ import annotations

from luokuan.i18n import _


def run_word(state: str) -> str:
    """Where a run is."""
    return {
        "waiting": _("waiting"),
        "running": _("training"),
        "stopping": _("saving and stopping"),
        "paused": _("paused"),
        "failed": _("failed"),
        "done": _("finished"),
        "gone": _("never began"),
    }.get(state, state)


def job_word(state: str) -> str:
    """Where a job is."""
    return {
        "queued": _("waiting"),
        "running": _("at work"),
        "done": _("finished"),
        "failed": _("failed"),
        "cancelled": _("cancelled"),
    }.get(state, state)


def job_state(state: str) -> str:
    """The same as the name of a colour."""
    return {"queued": "waiting", "cancelled": "paused"}.get(state, state)


def figure_word(name: str) -> str:
    """What is drawn."""
    known = {
        "loss": _("Loss"),
        "rate": _("Learning rate"),
        "gradient_norm": _("Length of the gradient"),
        "items_per_second": _("Items a second"),
        "validation/coverage": _("Held out: share of the pictures that samples come near to"),
        "validation/bits_per_byte": _("Held out: bits a byte"),
        "validation/nats_per_token": _("Held out: nats a token"),
        "validation/loss": _("Held out: loss"),
    }
    found = known.get(name)
    if found or not name.startswith("validation/"):
        return found or name
    rest = name.removeprefix("validation/")
    return _("Held out: {name}", name=_parts().get(rest, rest.replace("_", " ")))


def _parts() -> dict[str, str]:
    """What was held out, and what was measured on it."""
    return {
        "pictures": _("pictures"),
        "samples": _("samples"),
        "tokens": _("tokens"),
        "sentences": _("sentences"),
        "pieces": _("pieces"),
        "clips": _("clips"),
        "utterances": _("utterances"),
        "frames": _("frames"),
        "notes": _("notes"),
        "nats_per_cell": _("nats a cell"),
        "nats_per_cell_untold": _("nats a cell, told nothing"),
        "nats_per_frame": _("nats a frame"),
        "nats_per_note": _("nats a note"),
        "importance_nats": _("nats a sentence"),
        "active_units": _("latent numbers in use"),
        "psnr_db": _("PSNR in dB"),
        "bicubic_psnr_db": _("PSNR of bicubic interpolation in dB"),
        "gain_db": _("gain over bicubic interpolation in dB"),
        "distance": _("distance"),
    }


def licence_word(licence: str) -> str:
    """A licence, for people."""
    return {"unknown": _("licence unknown"), "own": _("own work, all rights reserved")}.get(licence, licence)


def size_word(size: object) -> str:
    """A size of networks."""
    return {"nano": _("very small"), "micro": _("small"), "small": _("medium")}.get(str(size), str(size))


def format_word(name: str) -> str:
    """A format in which models are written."""
    return {
        "hub-folder": _("a folder for the Hugging Face Hub, as a zip file"),
        "onnx": _("ONNX"),
        "gguf": _("GGUF, for llama.cpp (language models)"),
    }.get(name, name)


def duration(seconds: float) -> str:
    """A time for people."""
    whole = round(seconds)
    if whole < 60:
        return _("{count} s", count=max(whole, 1))
    minutes = round(seconds / 60)
    if minutes < 100:
        return _("{count} min", count=minutes)
    return _("{hours} h {minutes} min", hours=minutes // 60, minutes=minutes % 60)
