"""The machine: device, precision, threads, seeds. Everything that trains or samples asks here."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, cast

import psutil
import torch

from luokuan.errors import UserError
from luokuan.foundation.cores import usable_cores
from luokuan.i18n import _

Network = TypeVar("Network", bound=torch.nn.Module)

BF16_FLAGS = ("avx512_bf16", "amx_bf16")
"""CPU flags with which bfloat16 convolutions beat float32 ones (oneDNN emulates them elsewhere)."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What this process can compute with. Memory in bytes."""

    cpu_name: str
    cores: int
    threads: int
    bf16: bool
    memory_total: int
    memory_available: int
    cuda: str | None
    device: str
    precision: str

    def to_json(self) -> dict[str, Any]:
        """Plain values, as written to training.json."""
        return asdict(self)


@lru_cache(maxsize=1)
def _cpu() -> tuple[str, frozenset[str]]:
    name, flags = platform.processor() or platform.machine(), frozenset[str]()
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines():
            key, _colon, value = line.partition(":")
            if key.strip() == "model name":
                name = value.strip()
            elif key.strip() == "flags":
                flags = frozenset(value.split())
                break
    return name, flags


@lru_cache(maxsize=1)
def cgroup_memory() -> int | None:
    """Bytes that the container allows, or None without such a limit."""
    for place in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with contextlib.suppress(OSError, ValueError):
            value = int(Path(place).read_text(encoding="ascii"))
            if value < 1 << 60:
                return value
    return None


def machine(device: str | None = None, precision: str | None = None) -> Machine:
    """Look at the machine and choose device and precision.

    Args:
        device: ``cpu``, ``cuda`` or ``cuda:N``; default CUDA when present.
        precision: ``bf16`` or ``float32``; default bf16 on CUDA, and on a CPU with avx512_bf16 or AMX.

    Raises:
        UserError: the device asked for is not there, or the precision is unknown.
    """
    name, flags = _cpu()
    has_cuda = torch.cuda.is_available()
    chosen = device or ("cuda" if has_cuda else "cpu")
    if chosen.split(":")[0] not in ("cpu", "cuda") or (chosen.startswith("cuda") and not has_cuda):
        raise UserError(
            _("The device '{device}' is not available here.", device=chosen),
            _("Use --device cpu, or install a GPU build of PyTorch."),
            code="compute.device",
        )
    bf16 = any(flag in flags for flag in BF16_FLAGS)
    fitting = "bf16" if bf16 or chosen.startswith("cuda") else "float32"
    if (precision or fitting) not in ("bf16", "float32"):
        raise UserError(
            _("The precision '{precision}' is unknown.", precision=precision),
            _("Use bf16 or float32."),
            code="compute.precision",
        )
    memory = psutil.virtual_memory()
    limit = cgroup_memory()
    return Machine(
        cpu_name=name,
        cores=usable_cores(),
        threads=torch.get_num_threads(),
        bf16=bf16,
        memory_total=min(memory.total, limit or memory.total),
        memory_available=min(memory.available, limit or memory.available),
        cuda=torch.cuda.get_device_name(0) if has_cuda else None,
        device=chosen,
        precision=precision or fitting,
    )


def prepare(threads: int | None = None) -> None:
    """Set threads (default: usable cores, or OMP_NUM_THREADS) and flush denormals.

    Denormals: weights of a dying unit can fall below 1e-38, where each product takes a slow path of the CPU.
    """
    torch.set_flush_denormal(True)
    if threads is None and "OMP_NUM_THREADS" not in os.environ:
        threads = usable_cores()
    if threads:
        torch.set_num_threads(threads)


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute in this thread alone; also a decorator.

    For writing symbol by symbol with small networks: their products are over before other threads have begun, and on
    a busy machine waiting for those costs a hundred times the work.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def autocast(device: str, precision: str) -> Any:
    """Autocast of matrix products and convolutions to bfloat16, or nothing in float32."""
    kind = device.split(":", maxsplit=1)[0]
    return torch.autocast(kind, dtype=torch.bfloat16, enabled=precision == "bf16")


def channels_last(module: Network) -> Network:
    """``module`` with its 4-D weights in the layout on which oneDNN's and cuDNN's convolutions are quickest."""
    # PyTorch's own annotations leave this form of `to` out.
    cast(Any, module).to(memory_format=torch.channels_last)
    return module


def mix_seed(*parts: int | str) -> int:
    """A 63-bit seed from ``parts``: equal parts, equal seed; different parts, unrelated streams.

    SHA-256 over the decimal parts, so that (seed, step) pairs never share a stream by arithmetic accident.
    """
    digest = hashlib.sha256("/".join(str(part) for part in parts).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


@contextmanager
def seeded(*parts: int | str) -> Iterator[None]:
    """Run a block with PyTorch's CPU generator seeded from ``parts`` and put back afterwards."""
    state = torch.get_rng_state()
    torch.manual_seed(mix_seed(*parts))
    try:
        yield
    finally:
        torch.set_rng_state(state)


def measure_rate(work: Callable[[], object], *, seconds: float = 0.5, warm: int = 2) -> float:
    """Calls a second of ``work``: ``warm`` calls first, then as many as fit in ``seconds`` (at least one)."""
    for _i in range(warm):
        work()
    calls, start = 0, time.perf_counter()
    while True:
        work()
        calls += 1
        spent = time.perf_counter() - start
        if spent >= seconds:
            return calls / spent


def convolution_rate(
    precision: str, *, channels: int = 128, side: int = 16, batch: int = 32, seconds: float = 0.5
) -> float:
    """GFLOP/s of a dense 3×3 convolution, forward and backward, channels_last: this machine's ceiling.

    A multiply-add counts as 2 FLOP; backward costs twice the forward.
    """
    layer = channels_last(torch.nn.Conv2d(channels, channels, 3, padding=1))
    x = torch.randn(batch, channels, side, side).contiguous(memory_format=torch.channels_last)
    x.requires_grad_(True)

    def step() -> None:
        with autocast("cpu", precision):
            y = layer(x)
        torch.autograd.grad(y, [x, layer.weight], torch.ones_like(y))

    flop = 3 * 2 * 9 * channels * channels * side * side * batch
    return measure_rate(step, seconds=seconds) * flop / 1e9
