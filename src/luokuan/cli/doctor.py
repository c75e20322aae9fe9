"""`luokuan doctor`: what this machine has, what is slow, what is missing, and what to do."""

from __future__ import annotations

import os
import platform
import shutil
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from luokuan.cli import options
from luokuan.cli.output import emit_json, say
from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.foundation.compute import Machine
    from luokuan.store.home import Home

HELP = _("Look at the machine: cores, bf16, memory, GPU, versions, disk; what is slow or missing.")

PACKAGES = ("torch", "numpy", "pillow", "c2pa-python", "cryptography", "sqlalchemy", "safetensors")
EXTRAS = {
    "hub": ("huggingface_hub",),
    "onnx": ("onnx", "onnxruntime", "onnxscript"),
    "tensorboard": ("tensorboard",),
    "distributed": ("accelerate",),
    "text": ("ftfy", "opencc"),
    "gguf": ("gguf",),
    "finetune": ("peft",),
    "media": ("imageio_ffmpeg",),
    "appraisal": ("fpdf",),
    "sheet": ("verovio", "fpdf"),
    "effects": ("cv2",),
    "chain": ("eth_account", "eth_abi"),
    "postgres": ("psycopg",),
    "s3": ("s3fs",),
    "studio": ("fastapi", "pydantic", "uvicorn", "python_multipart", "argon2", "prometheus_client"),
}
"""The modules of each optional part of the package."""
LOW_DISK = 2 << 30
"""Bytes below which the home's disk is called full."""
LOW_MEMORY = 2 << 30
"""Bytes below which free memory is called little."""
SLOW = 30.0
"""GFLOP/s below which training is called slow: two ordinary laptop cores reach 100 and more."""
MEASURE = 0.25
"""Seconds for each measurement of a convolution."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence on what is slow or missing, and one on what to do."""

    what: str
    do: str


@dataclass(frozen=True, slots=True)
class Report:
    """All that was looked at. ``gflops``: precision to GFLOP/s of a convolution; ``disk_free``: bytes at the home;
    ``home_mode``: permission bits; ``nvidia``: whether the system shows an NVIDIA card; ``font``: whether the
    label's font is there; ``extras``: optional part to whether it is installed; ``identity``: what is wrong with the
    certificate that signs, None: nothing."""

    machine: Machine
    gflops: Mapping[str, float]
    disk_free: int
    home: Path
    home_mode: int
    home_writable: bool
    nvidia: bool
    font: bool
    versions: Mapping[str, str | None]
    extras: Mapping[str, bool]
    identity: Finding | None = None

    def to_json(self) -> dict[str, Any]:
        """JSON values, the findings among them."""
        return {
            "machine": self.machine.to_json(),
            "gflops": {name: round(rate) for name, rate in self.gflops.items()},
            "disk_free": self.disk_free,
            "home": {"path": str(self.home), "mode": f"{self.home_mode:04o}", "writable": self.home_writable},
            "nvidia": self.nvidia,
            "font": self.font,
            "versions": dict(self.versions),
            "extras": dict(self.extras),
            "findings": [{"what": finding.what, "do": finding.do} for finding in judge(self)],
        }


def doctor(
    studio: Annotated[
        bool, typer.Option("--studio", help=_("Look at all that a studio needs here, and whether it would start."))
    ] = False,
    host: Annotated[str, typer.Option("--host", help=_("With --studio: address to listen at."))] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help=_("With --studio: port to listen at."))] = 8790,
    tls_cert: Annotated[
        Path | None, typer.Option("--tls-cert", help=_("With --studio: certificate chain, PEM."), show_default=False)
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option("--tls-key", help=_("With --studio: its key, PEM."), show_default=False)
    ] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help=_("With --studio: something else speaks TLS."))
    ] = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:  # fmt: skip
    """Print the machine and the findings; or, with ``studio``, whether one would start."""
    if studio:
        from luokuan.cli.doctor_studio import examine, tell
        from luokuan.cli.studio import need_studio
        from luokuan.store.home import open_home
        from luokuan.studio.serving import Place

        need_studio()
        place = Place(host, port, tls_cert, tls_key, (), insecure)
        raise typer.Exit(tell(examine(open_home(home), place), json=json, quiet=quiet))
    report = look(home)
    if json:
        emit_json(report.to_json())
        return
    for label, text in _lines(report):
        say(f"{label}: {text}", quiet=quiet)
    findings = judge(report)
    for finding in findings:
        say(f"- {finding.what} {finding.do}")
    if not findings:
        say(_("Everything is in order."), quiet=quiet)


def look(home: Path | None = None) -> Report:
    """Look at the machine and the home (made if absent), and measure convolutions for about half a second.

    Raises:
        UserError: the home is a file or can't be made.
    """
    from luokuan.colophon.label import FONT
    from luokuan.foundation import compute
    from luokuan.store.home import open_home

    opened = open_home(home)
    place = opened.path
    compute.prepare()
    machine = compute.machine()
    precisions = ("float32", "bf16") if machine.bf16 else ("float32",)  # emulated bf16 would take seconds
    return Report(
        machine=machine,
        gflops={name: compute.convolution_rate(name, seconds=MEASURE) for name in precisions},
        disk_free=shutil.disk_usage(place).free,
        home=place,
        home_mode=stat.S_IMODE(place.stat().st_mode),
        home_writable=os.access(place, os.W_OK | os.X_OK),
        nvidia=Path("/proc/driver/nvidia/version").exists() or shutil.which("nvidia-smi") is not None,
        font=FONT.is_file(),
        versions={
            "luokuan": _version("luokuan"),
            "python": platform.python_version(),
            **{name: _version(name) for name in PACKAGES},
        },
        extras={extra: all(map(find_spec, modules)) for extra, modules in EXTRAS.items()},
        identity=_identity(opened),
    )


def _identity(home: Home) -> Finding | None:
    from luokuan.store.identity import find_identity
    from luokuan.store.keys import about_end

    try:
        found = find_identity(home)
    except UserError as error:
        return Finding(error.what, error.do)
    said = None if found is None else about_end(found.leaf.not_after, user=found.kind == "user")
    return None if said is None else Finding(*said)


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def judge(report: Report) -> list[Finding]:
    """What is slow, missing or unsafe, and what to do about it."""
    identity = [] if report.identity is None else [report.identity]
    return [*_judge_speed(report), *_judge_home(report), *identity, *_judge_parts(report)]


def _judge_speed(report: Report) -> list[Finding]:
    found = []
    machine, rates = report.machine, report.gflops
    if machine.cuda is None and report.nvidia:
        found.append(
            Finding(
                _("There is an NVIDIA graphics card, but this PyTorch can't use it."),
                _("Install a CUDA build of PyTorch that suits its driver."),
            )
        )
    if machine.device == "cpu" and not machine.bf16:
        found.append(
            Finding(
                _("This CPU has no bfloat16 instructions (avx512_bf16 or AMX): training takes about twice as long."),
                _("Use small sizes, or a newer CPU or a GPU."),
            )
        )
    if machine.device == "cpu" and max(rates.values()) < SLOW:
        found.append(
            Finding(
                _("Convolutions are slow here ({rate:.0f} GFLOP/s).", rate=max(rates.values())),
                _("Close other programs, or train on a faster machine: a model folder can be copied."),
            )
        )
    if "bf16" in rates and rates["bf16"] < 1.1 * rates["float32"]:
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
    return found


def _judge_home(report: Report) -> list[Finding]:
    found = []
    if not report.home_writable:
        found.append(
            Finding(
                _("You may not write to the home {path}.", path=report.home),
                _("Take ownership of it, or choose another with --home or LUOKUAN_HOME."),
            )
        )
    if report.home_mode & 0o077:
        found.append(
            Finding(
                _("Other users of this machine can look into the home (mode {mode}).", mode=f"{report.home_mode:04o}"),
                _("Run chmod 700 on it: it holds your signing keys."),
            )
        )
    if report.disk_free < LOW_DISK:
        found.append(
            Finding(_("Little room is left where the home is."), _("Free some, or move the home with --home."))
        )
    return found


def _judge_parts(report: Report) -> list[Finding]:
    found = []
    if not report.font:
        found.append(
            Finding(
                _("The font of the label is missing: no work can be finished."),
                _("Install Luokuan anew."),
            )
        )
    if absent := [name for name, version in report.versions.items() if version is None]:
        found.append(
            Finding(
                _("Packages are missing: {names}.", names=", ".join(absent)),
                _("Install them with pip install -r requirements.lock."),
            )
        )
    if absent := [name for name, there in report.extras.items() if not there]:
        found.append(
            Finding(
                _("Optional parts are not installed: {names}.", names=", ".join(absent)),
                _("Install one with pip install 'luokuan[NAME]' when you need it."),
            )
        )
    return found


def _lines(report: Report) -> list[tuple[str, str]]:
    machine, gib = report.machine, 2**30
    there = ", ".join(name for name, installed in report.extras.items() if installed)
    return [
        (_("CPU"), _("{name}, {cores} cores", name=machine.cpu_name, cores=machine.cores)),
        (_("GPU"), machine.cuda or _("none")),
        (
            _("Trains on"),
            _(
                "{device} in {precision}, {threads} threads",
                device=machine.device,
                precision=machine.precision,
                threads=machine.threads,
            ),
        ),
        (
            _("Convolutions"),
            ", ".join(
                _("{rate:.0f} GFLOP/s in {precision}", rate=rate, precision=name)
                for name, rate in report.gflops.items()
            ),
        ),
        (
            _("Memory"),
            _("{free:.1f} of {all:.1f} GiB free", free=machine.memory_available / gib, all=machine.memory_total / gib),
        ),
        (_("Home"), _("{path}, {free:.1f} GiB free", path=report.home, free=report.disk_free / gib)),
        (_("Versions"), ", ".join(f"{name} {version or '-'}" for name, version in report.versions.items())),
        (_("Optional parts"), there or _("none")),
    ]
