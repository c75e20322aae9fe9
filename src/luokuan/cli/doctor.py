"""`luokuan doctor`: what this machine has, what is slow, what is missing, and what to do."""

from __future__ import annotations

import platform
import shutil
import stat
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from typing import Any

from luokuan.cli import options
from luokuan.cli.output import emit_json, say
from luokuan.i18n import _

HELP = _("Look at the machine: cores, bf16, memory, GPU, versions, disk; what is slow or missing.")

PACKAGES = ("torch", "numpy", "pillow", "c2pa-python", "cryptography", "sqlalchemy", "safetensors")
EXTRAS = {
    "hub": "huggingface_hub",
    "onnx": "onnxruntime",
    "tensorboard": "tensorboard",
    "distributed": "accelerate",
}
LOW_DISK = 2 << 30
LOW_MEMORY = 2 << 30


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence on what is slow or missing, and one on what to do."""

    what: str
    do: str


def doctor(json: options.Json = False, quiet: options.Quiet = False, home: options.Home = None) -> None:
    """Print the machine and the findings."""
    from luokuan.foundation import compute
    from luokuan.store.home import open_home

    place = open_home(home)
    compute.prepare()
    machine = compute.machine()
    rates = {p: compute.convolution_rate(p, seconds=0.3) for p in ("float32", "bf16")}
    free = shutil.disk_usage(place.path).free
    mode = stat.S_IMODE(place.path.stat().st_mode)
    installed = {name: _version(name) for name in PACKAGES}
    extras = {extra: find_spec(module) is not None for extra, module in EXTRAS.items()}
    values: dict[str, Any] = {
        "machine": machine.to_json(),
        "gflops": {name: round(rate) for name, rate in rates.items()},
        "disk_free": free,
        "home": {"path": str(place.path), "mode": f"{mode:04o}"},
        "versions": {"luokuan": _version("luokuan"), "python": platform.python_version(), **installed},
        "extras": extras,
    }
    findings = _judge(machine, rates, free, mode, extras)
    values["findings"] = [{"what": f.what, "do": f.do} for f in findings]
    if json:
        emit_json(values)
        return
    if not quiet:
        _print(values)
    for finding in findings:
        say(f"{finding.what} {finding.do}")
    if not findings:
        say(_("Everything is in order."))


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _judge(machine: Any, rates: dict[str, float], free: int, mode: int, extras: dict[str, bool]) -> list[Finding]:
    found = []
    if machine.device == "cpu" and not machine.bf16:
        found.append(
            Finding(
                _("This CPU has no bfloat16 instructions (avx512_bf16 or AMX): training takes about twice as long."),
                _("Use small sizes, or a newer CPU or a GPU."),
            )
        )
    if machine.bf16 and rates["bf16"] < 1.1 * rates["float32"]:
        found.append(
            Finding(
                _("bfloat16 isn't faster than float32 here, although the CPU offers it."),
                _("Close other programs and try again; or train with --precision float32."),
            )
        )
    if machine.threads < machine.cores:
        found.append(
            Finding(
                _("Only {threads} of {cores} cores are used.", threads=machine.threads, cores=machine.cores),
                _("Unset OMP_NUM_THREADS, unless you limit it on purpose."),
            )
        )
    if machine.memory_available < LOW_MEMORY:
        found.append(
            Finding(_("Little memory is free."), _("Close other programs, or use a smaller --batch with --accumulate."))
        )
    if free < LOW_DISK:
        found.append(
            Finding(_("Little room is left where the home is."), _("Free some, or move the home with --home."))
        )
    if mode & 0o077:
        found.append(
            Finding(
                _("Other users of this machine can look into the home (mode {mode}).", mode=f"{mode:04o}"),
                _("Run chmod 700 on it: it holds your signing keys."),
            )
        )
    missing = [name for name, there in extras.items() if not there]
    if missing:
        found.append(
            Finding(
                _("Optional parts are not installed: {names}.", names=", ".join(missing)),
                _("Install one with pip install 'luokuan[NAME]' when you need it."),
            )
        )
    return found


def _print(values: dict[str, Any]) -> None:
    machine = values["machine"]
    gib = 2**30
    lines = [
        (_("CPU"), _("{name}, {cores} cores", name=machine["cpu_name"], cores=machine["cores"])),
        (_("GPU"), machine["cuda"] or _("none")),
        (_("Trains on"), f"{machine['device']}, {machine['precision']}"),
        (
            _("Convolutions"),
            _(
                "{f32} GFLOP/s in float32, {bf16} in bfloat16",
                f32=values["gflops"]["float32"],
                bf16=values["gflops"]["bf16"],
            ),
        ),
        (
            _("Memory"),
            _(
                "{free:.1f} of {all:.1f} GiB free",
                free=machine["memory_available"] / gib,
                all=machine["memory_total"] / gib,
            ),
        ),
        (_("Home"), _("{path}, {free:.1f} GiB free", path=values["home"]["path"], free=values["disk_free"] / gib)),
        (_("Versions"), ", ".join(f"{name} {version or '-'}" for name, version in values["versions"].items())),
    ]
    for label, text in lines:
        say(f"{label}: {text}")
