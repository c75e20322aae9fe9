"""The loop's contract: resume is bit-exact after kill -9 and Ctrl-C, NaN rolls back once, nothing is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from nursery import Nursery, nursery
from toy import Toy, run

from luokuan.errors import UserError
from luokuan.foundation import checkpoint
from luokuan.foundation.metrics import MetricsFile
from luokuan.foundation.training import Settings, Training

HELPERS = Path(__file__).parents[1] / "helpers"


@pytest.fixture(scope="module")
def toys() -> Iterator[Nursery]:
    """Processes of their own that need not each read torch."""
    with nursery("toy", "torch._dynamo") as made:  # which the first optimiser imports
        yield made


@pytest.fixture
def child(toys: Nursery, tmp_path: Path) -> Callable[..., tuple[int, str]]:
    """Runs a program in a process, with as many threads as this one; returns how it ended and what it said."""

    def run_child(program: str, *arguments: object) -> tuple[int, str]:
        threads = f"import torch; torch.set_num_threads({torch.get_num_threads()})\n"
        with (tmp_path / "said").open("w+") as said:
            born = toys.start(threads + program, *map(str, arguments), stdout=said.fileno(), stderr=said.fileno())
            ended = born.wait(120)
            said.seek(0)
            return ended, said.read()

    return run_child


TOY = "import toy; toy.main()"


def state(folder: Path) -> tuple[dict[str, torch.Tensor], list[dict[str, Any]]]:
    tensors, _state = checkpoint.load_latest(folder / "checkpoints") or ({}, {})
    records = MetricsFile(folder, write=False).read()
    for record in records:
        record.pop("time"), record.pop("items_per_second")
    return tensors, records


def assert_same(one: Path, other: Path, *, logged: int = 10) -> None:
    (a, records_a), (b, records_b) = state(one), state(other)
    assert a.keys() == b.keys() and len(a) > 10
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert records_a == records_b and len(records_a) == logged


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    assert run(folder).finished
    return folder


@pytest.mark.parametrize("step", [0, 5, 18])
def test_killed_and_resumed_equals_whole(
    whole: Path, child: Callable[..., tuple[int, str]], tmp_path: Path, step: int
) -> None:
    assert child(TOY, tmp_path / "run", "kill", step) == (-9, "")
    assert child(TOY, tmp_path / "run", "run", 0) == (0, "40 True\n")
    assert_same(whole, tmp_path / "run")


def test_interrupted_saves_and_resumes_equal(
    whole: Path, child: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    assert child(TOY, tmp_path / "run", "stop", 13) == (0, "14 False\n")
    assert run(tmp_path / "run", resume=True).finished
    assert_same(whole, tmp_path / "run")


class Forgetful(Toy):
    """What validates best is the first average: later ones know less."""

    def validate(self, average: Mapping[str, torch.nn.Module]) -> Mapping[str, float]:
        return {"error": -super().validate(average)["error"]}


@pytest.mark.parametrize(("toy", "kept"), [(Toy, 40), (Forgetful, 12)])
def test_the_best_average_is_kept_also_after_a_stop(toy: type[Toy], kept: int, tmp_path: Path) -> None:
    whole = run(tmp_path / "whole", toy=toy(), best_by="error")
    errors = {row["step"]: row["validation/error"] for row in whole.history if "validation/error" in row}
    assert whole.kept == kept == min(errors, key=errors.__getitem__) and whole.step == 40

    def at(step: int) -> None:
        if step == 25:
            os.kill(os.getpid(), signal.SIGINT)

    stopped = run(tmp_path / "run", toy=toy(at=at), best_by="error")
    assert not stopped.finished and stopped.kept == stopped.step == 26
    resumed = run(tmp_path / "run", toy=toy(), best_by="error", resume=True)
    assert resumed.kept == kept
    assert_same(tmp_path / "whole", tmp_path / "run")
    ours, theirs = whole.average["first"].state_dict(), resumed.average["first"].state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    last = run(tmp_path / "last", toy=toy()).average["first"].state_dict()
    assert all(torch.equal(ours[name], last[name]) for name in ours) == (kept == 40)


@pytest.mark.parametrize(("patience", "ended"), [(1, 20), (2, 32), (3, 40), (0, 40)])
def test_it_ends_after_validations_that_were_no_better(patience: int, ended: int, tmp_path: Path) -> None:
    whole = run(tmp_path / "whole", toy=Forgetful(), best_by="error", patience=patience)
    assert whole.finished and whole.step == ended and whole.kept == 12

    def at(step: int) -> None:
        if step == 14:
            os.kill(os.getpid(), signal.SIGINT)

    stopped = run(tmp_path / "run", toy=Forgetful(at=at), best_by="error", patience=patience)
    assert not stopped.finished
    again = run(tmp_path / "run", toy=Forgetful(), best_by="error", patience=patience, resume=True)
    assert again.finished and again.step == ended and again.kept == 12
    assert_same(tmp_path / "whole", tmp_path / "run", logged=ended // 4)
    assert run(tmp_path / "run", toy=Forgetful(), best_by="error", patience=patience, resume=True).step == ended


def test_one_that_gets_better_never_ends_early(tmp_path: Path) -> None:
    assert run(tmp_path, best_by="error", patience=1).step == 40


def test_a_run_begun_without_the_choice_keeps_its_last_average(tmp_path: Path) -> None:
    run(tmp_path, toy=Forgetful(at=lambda step: os.kill(os.getpid(), signal.SIGINT) if step == 25 else None))
    outcome = run(tmp_path, toy=Forgetful(), best_by="error", resume=True)
    assert outcome.finished and outcome.kept == outcome.step == 40


def test_without_the_figure_the_last_average_is_kept(tmp_path: Path) -> None:
    outcome = run(tmp_path, best_by="absent")
    assert outcome.kept == outcome.step == 40


def test_it_learns(whole: Path) -> None:
    records = MetricsFile(whole, write=False).read()
    assert records[-1]["first/error"] < 0.7 * records[0]["first/error"]
    assert [r["step"] for r in records if "validation/error" in r] == [12, 20, 32, 40]
    assert sorted(p.name for p in (whole / "previews").iterdir())[-1] == "step-00000040.png"


def test_not_a_number_rolls_back_once_with_half_the_rate(tmp_path: Path) -> None:
    outcome = run(tmp_path, toy=Toy(bad=(20,), bad_above=1e-2))
    assert outcome.finished
    _tensors, saved = checkpoint.load_latest(tmp_path / "checkpoints") or ({}, {})
    assert saved["rollbacks"] == 1 and saved["rate_factor"] == 0.5
    before, after = outcome.history[3]["first/rate"], outcome.history[-1]["first/rate"]
    assert before > 2e-2 and after == pytest.approx(1.5e-3)


def test_not_a_number_again_is_one_sentence_and_keeps_checkpoints(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="diverged") as caught:
        run(tmp_path, toy=Toy(bad=(20,)))
    assert caught.value.code == "training.diverged"
    tensors, saved = checkpoint.load_latest(tmp_path / "checkpoints") or ({}, {})
    assert saved["step"] == 20
    assert all(torch.isfinite(value).all() for value in tensors.values())


def test_a_damaged_newest_checkpoint_is_passed_over(
    whole: Path, child: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    child(TOY, tmp_path / "run", "kill", 20)
    newest = checkpoint.saved(tmp_path / "run" / "checkpoints")[-1]
    data = (newest / "tensors.safetensors").read_bytes()
    (newest / "tensors.safetensors").write_bytes(data[: len(data) // 2])
    assert run(tmp_path / "run", resume=True).finished
    assert_same(whole, tmp_path / "run")


def test_only_damaged_checkpoints_are_one_sentence(tmp_path: Path) -> None:
    run(tmp_path, steps=3)
    for item in checkpoint.saved(tmp_path / "checkpoints"):
        (item / "state.json").write_text("{", encoding="utf-8")
    with pytest.raises(UserError, match="No checkpoint"):
        run(tmp_path, resume=True, steps=3)


def test_a_checkpoint_of_other_networks_is_refused(tmp_path: Path) -> None:
    run(tmp_path, steps=3)
    toy = Toy()
    toy.first = torch.nn.Linear(3, 5)
    with pytest.raises(UserError, match="other networks"):
        run(tmp_path, resume=True, steps=3, toy=toy)


def test_full_disk_is_one_sentence_and_keeps_the_last_checkpoint(
    child: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    run(tmp_path, steps=2)
    before = [p.name for p in checkpoint.saved(tmp_path / "checkpoints")]
    program = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (600, 600))\n"
        "from pathlib import Path; from toy import run; from luokuan.errors import UserError\n"
        "try: run(Path(sys.argv[1]), resume=True, log_every=100)\n"
        "except UserError as error: print(error.code)"
    )
    assert child(program, tmp_path) == (0, "disk.full\n")
    assert [p.name for p in checkpoint.saved(tmp_path / "checkpoints")] == before
    assert not list((tmp_path / "checkpoints").glob(".*.part"))


def test_accumulation_equals_the_whole_batch(tmp_path: Path) -> None:
    whole = run(tmp_path / "a", toy=Toy(noise=0.0), steps=5, batch=8)
    parts = run(tmp_path / "b", toy=Toy(noise=0.0), steps=5, batch=8, accumulate=4)
    for a, b in zip(whole.average["first"].parameters(), parts.average["first"].parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-6)


def test_probe_leaves_no_trace(tmp_path: Path, whole: Path) -> None:
    training = Training(
        Toy(), Settings(40, 8, log_every=4, validations=4, checkpoint_seconds=0), tmp_path / "run", quiet=True
    )
    assert training.probe(6) > 0
    assert training.run().finished
    assert_same(whole, tmp_path / "run")


def test_uneven_batches_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="evenly"):
        Training(Toy(), Settings(1, 7, accumulate=2), tmp_path)


def test_a_half_written_record_is_left_out(tmp_path: Path) -> None:
    with MetricsFile(tmp_path) as metrics:
        metrics.write(1, 8, {"a": 1.0})
        metrics.write(2, 16, {"a": 2.0})
    with metrics.path.open("a") as stream:
        stream.write('{"step": 3, "it')
    assert [r["step"] for r in metrics.read()] == [1, 2]
    resumed = MetricsFile(tmp_path, from_step=1)
    assert [json.loads(line)["step"] for line in resumed.path.read_text().splitlines()] == [1]


@pytest.mark.parametrize("count", [2])
def test_two_processes_equal_one(tmp_path: Path, count: int) -> None:
    program = (
        "import atexit, sys, torch; from pathlib import Path; from toy import Toy, run\n"
        "torch.set_num_threads(1)\n"
        # Called last: gloo's threads abort an interpreter that ends before them. One write a line: both processes
        # write to the same pipe, unbuffered.
        "def leave():\n"
        "    sys.stdout.write('still in\\n' if torch.distributed.is_initialized() else 'left\\n')\n"
        "atexit.register(leave)\n"
        "run(Path(sys.argv[1]), toy=Toy(noise=0.0), steps=6, log_every=100, validations=0)\n"
    )
    script = tmp_path / "program.py"
    script.write_text(program)
    folder = tmp_path / "many"
    done = subprocess.run(
        [
            sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(count), "--standalone",
            str(script), str(folder),
        ],
        capture_output=True, text=True, timeout=180, check=False,
        env={**os.environ, "PYTHONPATH": str(HELPERS), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split() == ["left"] * count
    alone = run(tmp_path / "one", toy=Toy(noise=0.0), steps=6, log_every=100, validations=0)
    tensors, saved = checkpoint.load_latest(folder / "checkpoints") or ({}, {})
    assert saved["step"] == 6
    for name, value in alone.average["first"].state_dict().items():
        assert torch.allclose(tensors[f"module/first.average/{name}"], value, atol=1e-6)
