"""The benchmarks still run, and what they compare differs in what they say it does."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import soundfile as sf
import torch
from plms import kept_in, line_plm, slot_plm
from scripts_for_tests import loaded
from textvaes import write_corpus

from luokuan.foundation import compute
from luokuan.models.plm.learning import PlmLearning
from luokuan.models.plm.train import train_plm

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    return loaded("gan")


def test_every_figure_is_measured(benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compute, "convolution_rate", lambda *_arguments, **_named: 100.0)
    calls: list[int] = []

    def rate(work: Callable[[], object], **_named: object) -> float:
        calls.append(1)
        if len(calls) in (1, 7):  # our path's first period, and sampling; the rest would only take time
            work()
        return float(len(calls))

    monkeypatch.setattr(compute, "measure_rate", rate)
    found = benchmark.measure("cpu-small", 32, 2, 0.001)
    # Pairs of rates (1, 2), (3, 4), (5, 6) × 4 steps a period: medians 12 and 16 steps of 2 pictures; 32 at a time.
    assert found["train_pictures_per_second"] == 24 and found["plain_pictures_per_second"] == 32
    assert found["sample_pictures_per_second"] == 32 * 7
    assert found["speed_up"] == pytest.approx(24 / 32)
    work = found["gflop_per_picture"] * found["train_pictures_per_second"]
    assert found["share_of_ceiling"] == pytest.approx(work / 100, rel=1e-6)


def test_both_paths_play_the_same_game(benchmark: ModuleType) -> None:
    figures = []
    for plain in (False, True):
        run = benchmark.training(benchmark.game("cpu-small", 32, plain=plain), 4, "float32")
        layouts = {
            "nchw" if p.is_contiguous() else "nhwc"
            for m in run.objective.modules().values()
            for p in m.parameters()
            if p.ndim == 4 and min(p.shape[1:]) > 1
        }
        assert layouts == ({"nchw"} if plain else {"nhwc"})
        figures.append(run.step(0))
    for key in ("discriminator/loss", "discriminator/r1", "discriminator/r2", "generator/loss"):
        assert figures[0][key] == pytest.approx(figures[1][key], rel=1e-3), key


def test_both_language_models_read_the_same(tmp_path: Path) -> None:
    module = loaded("plm")
    options = argparse.Namespace(
        corpus=ROOT / "examples/shakespeare-small",
        steps=10,
        batch=2,
        context=16,
        threads=1,
        precision="float32",
        seed=0,
    )
    seen: dict[str, list[torch.Tensor]] = {"plain": [], "ours": []}
    step, nats = module.Plain.step, PlmLearning._nats

    def plain_step(self: Any, number: int, rows: torch.Tensor) -> None:
        seen["plain"].append(rows)
        step(self, number, rows)

    def our_nats(self: PlmLearning, model: Any, rows: torch.Tensor) -> torch.Tensor:
        seen["ours"] += [rows] if model.training else []
        return nats(self, model, rows)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module.Plain, "step", plain_step)
        patch.setattr(PlmLearning, "_nats", our_nats)
        found = module.compare(options, tmp_path)
    assert len(seen["ours"]) == 10 and all(map(torch.equal, seen["plain"], seen["ours"]))
    assert found["characters"] == 320 and found["held_out"] == 5981
    assert [row["step"] for row in found["ours"]] == list(range(1, 11))
    # Both began with every character equally likely, nearly.
    assert all(3.0 < rows[0]["nats"] < 4.9 for rows in (found["ours"], found["plain"]))
    assert module.seconds_to(2.0, [{"nats": 3.0, "cpu_seconds": 1.0}, {"nats": 1.0, "cpu_seconds": 3.0}]) == 2.0
    assert module.seconds_to(0.5, [{"nats": 3.0, "cpu_seconds": 1.0}]) is None


def test_both_ways_of_writing_write_as_much() -> None:
    module = loaded("text")
    options = argparse.Namespace(
        prompt=8, tokens=6, repeats=1, temperature=0.8, top_k=5, top_p=0.9, precision="float32"
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "reading_rate", lambda: 1e9)
        found = module.compare(module.random_model("nano"), options)
    assert found["decoder"] == "LeanDecoder" and set(found["streams"]) == {"1", "16"}
    for row in found["streams"].values():
        assert row["ratio"] == pytest.approx(row["ours_tokens_per_second"] / row["generate_tokens_per_second"])
    # 4 blocks of 4·128² + 3·128·352 and the head's 4096·128, four bytes each, and the scales of norms.
    assert found["weight_megabytes"] == pytest.approx(4e-6 * (4 * 200_704 + 524_288), rel=2e-3)


def test_a_watermark_is_attacked_and_looked_for_where_none_is() -> None:
    module = loaded("picture_watermark")
    folders = [f"clothing={ROOT / 'examples/clothing-small/test'}"]
    options = argparse.Namespace(
        folders=folders, pictures=1, unmarked=2, keys=3, seed=0, transparent=False, processes=1
    )
    result = module.measure(options)
    corpus = result["corpora"]["clothing"]
    assert corpus["pictures"] == 1 and corpus["psnr_min"] >= 38
    assert set(corpus["attacks"]) == set(module.ATTACKS)
    assert corpus["attacks"]["none"]["detected"] == corpus["attacks"]["none"]["id"] == 1
    assert result["by_chance"]["found"] == 0 and 0 < result["by_chance"]["z_max"] < result["threshold"]
    assert "embed / JPEG" in module.shown(result)


def test_each_pair_is_judged_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module, example = loaded("preferences"), ROOT / "examples/shakespeare-small"
    monkeypatch.setenv("LUOKUAN_HOME", str(tmp_path / "home"))
    choices: dict[str, Any] = {"size": "nano", "layers": 1, "context": 32, "tokenizer": "bytes", "batch": 2}
    assert train_plm(example, name="base", steps=1, **choices)
    rows = [{"prompt": f"{i}:", "chosen": "yes", "rejected": "no"} for i in range(24)]
    (tmp_path / "pairs.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    command = ["--from", "base", "--folds", "2", "--steps", "2", "--sft-steps", "1", "--rate", "0.001"]
    found = module.measure(module.parsed([str(tmp_path / "pairs.jsonl"), *command]))
    assert found["pairs"] == sum(found["folds"]) == 24 and min(found["folds"]) > 4
    assert found["win_rate_low"] <= found["win_rate"] <= found["win_rate_high"] and len(found["verdict"]) == 2


def test_copy_is_measured_beside_people_and_the_nearest_brief(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    benchmark = loaded("copywriting")
    rows = {
        "train": [("MEMORY NAME TYPE", "the NAME is a TYPE with MEMORY"), ("NAME PRICE TYPE", "NAME is a TYPE")],
        "test": [
            ("MEMORY NAME TYPE", "the NAME is a TYPE with MEMORY"),
            ("MEMORY NAME TYPE", "a TYPE with MEMORY is the NAME"),
            ("DRIVE NAME PRICE TYPE isforbusinesscomputing false", "the NAME TYPE has DRIVE at PRICE for home use"),
        ],
    }
    for split, documents in rows.items():
        lines = [json.dumps({"text": f"inform laptop\n{head}\n{text}"}) for head, text in documents]
        (tmp_path / f"{split}.jsonl").write_text("\n".join(lines))
    model = kept_in(tmp_path / "slots", slot_plm())
    monkeypatch.setattr("sys.argv", ["copywriting.py", str(tmp_path), "--model", str(model), "--among", "2", "--json"])
    benchmark.main()
    found = json.loads(capsys.readouterr().out)
    assert {name: found[name]["briefs"] for name in ("kept", "free", "nearest", "real")} == dict.fromkeys(
        ("kept", "free", "nearest", "real"), 2
    )
    assert found["real"]["slot_error_rate"] == 0 and found["real"]["truths"] == 1
    # The nearest brief of the second one has a price; its sentence tells name and type and misses drive and price.
    assert (found["nearest"]["missing"], found["nearest"]["redundant"], found["nearest"]["slots"]) == (2, 0, 7)
    assert found["kept"]["redundant"] == 0
    assert found["model"]["briefs_in_training"] == 1


def test_a_translation_memory_recalls_what_it_holds(tmp_path: Path) -> None:
    import counting

    from luokuan.foundation.corpus import open_parallel
    from luokuan.models.seq2seq.train import train_seq2seq

    translation = loaded("translation")
    pairs = counting.pairs()
    memory = translation.Memory([en for en, _zh in pairs], [zh for _en, zh in pairs])
    assert memory.translate(["one two three", "ONE TWO THREE!", "six"]) == ["一二三", "一二三", "六"]
    references = [[zh, "零"] for _en, zh in pairs[:40]]
    exact, wrong = [zh for _en, zh in pairs[:40]], ["零一"] * 40
    good = translation.scored(exact, references, "zh")
    assert good["chrf"]["score"] == pytest.approx(100) and "nrefs:2" in good["chrf"]["signature"]
    assert "tok:zh" in good["bleu"]["signature"]
    apart = translation.difference(exact, wrong, references, 0)
    expected = good["chrf"]["score"] - translation.scored(wrong, references, "zh")["chrf"]["score"]
    assert apart["chrf"] == pytest.approx(expected) and apart["low"] <= apart["chrf"] <= apart["high"]
    place = counting.write_corpus(tmp_path / "corpus")
    train_seq2seq(place, name="count", steps=3, size="nano", width=64, layers="1+1", vocabulary=300, batch=8)
    from luokuan.models.registry import load_model

    corpus = open_parallel(place, ("en", "zh"))
    found = translation.measure(load_model("count"), corpus, "zh", "en", count=5, beams=1, seed=0)
    assert json.loads(json.dumps(found)) == found  # as --json prints it
    assert found["sentences"] == 5 and found["references"] >= 5 and 0 <= found["memory"]["bleu"]["score"] <= 100


def test_the_corpus_of_translations_leaks_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import counting

    import make_translation_corpus as script

    lines = [f"{en.capitalize()}.\t{zh}。\tsomebody" for en, zh in counting.pairs()]
    lines += [f"{en.upper()}!\t{zh}\tsomebody" for en, zh in counting.pairs()]
    lines += ["Hello there\t你好\tsomebody", "Hello again\t你好！\tsomebody", "no tab", "\t\t", "Library\t圖書館\tx"]
    (tmp_path / "cmn.txt").write_text("\n".join(lines), encoding="utf-8")
    out = tmp_path / "out"
    monkeypatch.setattr("sys.argv", ["x", str(tmp_path / "cmn.txt"), str(out), "--held-out", "40", "--validation", "9"])
    script.main()
    from luokuan.foundation.corpus import open_parallel

    corpus = open_parallel(out, ("en", "zh"))
    assert corpus.licence == "CC-BY-2.0-FR"
    parts = {name: corpus.split(name) for name in ("train", "validation", "test")}
    keys = [{script.key_of(pair.texts[side]) for pair in found} for side in (0, 1) for found in parts.values()]
    assert len(keys[2]) == 40 and len(keys[1]) <= 9
    for first, second, third in (keys[:3], keys[3:]):
        assert not first & second and not first & third and not second & third
    everything = {text for found in parts.values() for pair in found for text in pair.texts}
    assert "图书馆" in everything and "圖書館" not in everything


def test_the_benchmark_of_finishing_counts_each_step(tmp_path: Path) -> None:
    from luokuan.store.home import open_home

    benchmark = loaded("finish")
    steps = [step.__name__ for step in benchmark.module.STEPS]
    home = open_home(tmp_path / "home")
    found = benchmark.measure(benchmark.SOUNDS[0], benchmark.music(0.3, 8_000, 0), 1, home)
    assert list(found) == ["total", *steps, "rest", "clock", "bare", "kbit/s", "snr"]
    assert found["total"] == pytest.approx(sum(found[step] for step in [*steps, "rest"]))
    assert 20 < found["snr"] < 100
    found = benchmark.measure(benchmark.PICTURES[0], benchmark.photo(64, 0), 1, home)
    assert found["bare"] >= 0 and "snr" not in found
    assert "bare" not in benchmark.measure(benchmark.TEXTS[0], benchmark.prose(2000, 0), 1, home)
    assert len(benchmark.prose(2000, 0).text) == 2000
    assert [step.__name__ for step in benchmark.module.STEPS] == steps


def test_the_mark_of_clips_is_measured(tmp_path: Path) -> None:
    from PIL import Image

    blocks = np.random.default_rng(0).integers(0, 255, (8, 40, 3)).astype(np.uint8)
    Image.fromarray(blocks.repeat(8, 0).repeat(8, 1)).save(tmp_path / "strip.png")
    benchmark = loaded("clip_watermark")
    named = {"folders": [f"blocks={tmp_path}"], "clips": 1, "frames": 2, "keys": 2, "seed": 0}
    found = benchmark.measure(argparse.Namespace(**named))["corpora"]["blocks"]
    assert {f"MP4, {name}" for name in benchmark.ATTACKS} <= set(found["rows"])
    assert found["rows"]["MP4, as finished"]["id"] == 1 and 0 < found["by_chance"] < benchmark.THRESHOLD
    assert found["psnr_min"] > 38 and set(found["seconds"]["WebM"]) == {
        step.__name__ for step in benchmark.finish.STEPS
    }


def test_masters_and_histories_are_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["lineage", "--copies", "1", "--works", "2", "--json"])
    loaded("lineage").main()
    found = json.loads(capsys.readouterr().out)
    assert set(found["master"]) == {"256²", "1024²", "2000 characters"}
    first, second = found["manifest"]
    assert second > first + 3000, "a copy carries the first one's manifest"
    assert found["lineage_ms"] >= 0


def test_the_log_is_measured_beside_a_bare_commit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["log.py", "--entries", "600", "--batch", "250", "--repeats", "3", "--json"])
    loaded("log").main()
    found = json.loads(capsys.readouterr().out)
    assert found["entries"] == 600 and found["proof_bytes"] > 900
    assert found["append_to_commit"] == pytest.approx(found["commit_ms"] / found["append_ms"])
    assert not list(tmp_path.glob("tmp*"))


def test_what_survives_an_attack_is_found_and_strangers_are_not(tmp_path: Path) -> None:
    module, data = loaded("fingerprints"), Path(__file__).parent / "data" / "fingerprints"
    sentences = [f"The {n}th of all sentences here speaks of {n * n} things and of nothing else." for n in range(170)]
    (tmp_path / "a.txt").write_text(" ".join(sentences), encoding="utf-8")
    command = ["--rows", "2000", "--items", "4", "--json", "--pictures", str(data), "--texts", str(tmp_path)]
    found = module.main(command)
    assert found["lookup"]["rows"] == 2000 and found["lookup"]["picture"]["median_ms"] > 0
    pictures = found["pictures fingerprints"]
    assert pictures["items"] == 3 and pictures["false"]["labelled"] == {"pairs": 6, "same": 0, "hinted at": 0}
    assert pictures["attacks"]["jpeg 50"]["found"] == 100 > pictures["attacks"]["crop 10 %"]["found"]
    rows = found[f"texts {tmp_path.name}"]
    assert rows["12 sentences"]["attacks"]["capitals, no marks"] == {
        "median": 0, "most": 0, "found": 100, "by SimHash alone": 100
    }  # fmt: skip
    if module.sounds.program() is not None:
        heard = module.of_sounds(data, 1, 0)
        assert heard["items"] == 1 and all(row["found"] == 100 for row in heard["attacks"].values())


def test_false_positives_are_counted_as_the_detector_counts() -> None:
    from sounds import guitar

    from luokuan.colophon.watermark import sound

    keys = np.random.default_rng(1)
    heard = [sound.detect(guitar(), keys.bytes(32)) for _ in range(3)]
    found = loaded("sound_watermark").false_positives(iter([guitar()]), 3, every=1, seed=0)
    assert found["largest_z"] == pytest.approx(max(one.z for one in heard), abs=1e-3)
    assert (found["items"], found["above"], found["at_every_speed"], found["trials"]) == (1, 0, 1, 3)


def test_chinese_copy_is_measured_beside_people(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = {
        "train": ["联·五·冠清明\n清风来竹影，明月照花光", "歇·花\n芝麻开花——节节高", "菜味·荤菜·①·甜\nⒹ甜香，①好。"],
        "test": [
            "联·五·冠青白\n青山来竹影，白月照花光",
            "联·五·\n青山来竹影，白月照花光",
            "歇·花\n芝麻开花——节节高",
            "菜味·荤菜·①·甜\nⒹ好，①里外一道。",
            "菜做·荤菜·易·◷\n做法简单，◷。",
        ],
    }
    for split, texts in rows.items():
        lines = [json.dumps({"text": text}, ensure_ascii=False) for text in texts]
        (tmp_path / f"{split}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    model = kept_in(tmp_path / "lines", line_plm())
    monkeypatch.setattr("sys.argv", ["chinese_copy.py", str(tmp_path), "--model", str(model), "--among", "3", "--json"])
    loaded("chinese_copy").main()
    found = json.loads(capsys.readouterr().out)
    assert [found[kind]["real"]["lines"] for kind in ("dish", "couplet", "saying")] == [2, 1, 1]
    assert found["dish"]["real"]["slot_error_rate"] == 0 and found["dish"]["real"]["facts_told"] == 0
    assert found["dish"]["kept"]["uncalled"] == 0
    assert found["couplet"]["kept"]["all_rules"] == 1 and found["couplet"]["kept"]["heads"] == 1
    assert found["saying"]["real"]["whole"] == 1 and found["couplet"]["real"]["whole"] == 0
    assert found["couplet"]["real"]["longest_shared_most"] == 4


def test_sentences_are_measured_against_a_language_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    benchmark = loaded("vae_text")
    corpus = write_corpus(tmp_path / "toys")
    options = argparse.Namespace(
        corpus=str(corpus), minutes=0.001, free_bits=[1.0, 2.0], draws=3, sentences=5, items="lines", tokenizer="chars",
        size="nano", context=48, batch=8, threads=1, seed=0, json=True,
    )  # fmt: skip
    monkeypatch.setattr(benchmark.Training, "probe", lambda *_arguments: 1.0)  # so the shortest run is made
    found = benchmark.measured(options, tmp_path / "work")
    language = found["language_model"]
    assert found["sentences"] <= 5 and found["split"] == "test" and language["steps"] == 20
    assert [row["free_bits"] for row in found["vae"]] == [1.0, 2.0]
    for row in found["vae"]:
        assert row["importance_nats"] < row["bound_nats"] and row["kl_nats"] > 0
        assert row["ratio"] == pytest.approx(row["importance_nats"] / language["nats"])
        assert row["ratio_mixture"] == pytest.approx(row["importance_mixture_nats"] / language["nats"])
        # The encoder, the moments and what z goes through: all that the language model lacks.
        assert row["parameters"] > language["parameters"] > 0


def test_the_wait_for_works_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    module = loaded("works")
    found = module.make_two(module.KINDS["sound"], time.time() - 60, tmp_path)
    assert found["first"] > 60 > found["next"] > 0, "the first one counts from the start of the process"
    assert found["lasts"] == pytest.approx(sf.info(tmp_path / "work-1.wav").duration, abs=0.01)
    assert found["factor"] == pytest.approx(found["next"] / found["lasts"]) and found["cpu"] > 0
    (tmp_path / "words.txt").write_text("words", encoding="utf-8")
    assert module.seconds_of(tmp_path / "words.txt") is None
    monkeypatch.setattr("sys.argv", ["works", "--kinds", "opera"])
    with pytest.raises(SystemExit):
        module.main()
    assert "no such kind: opera; there are text, verse" in capsys.readouterr().err


def test_the_guard_is_measured_on_clips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = loaded("guard")
    monkeypatch.setattr(module, "ACROSS", 2)
    files = list(module.panned([module.blocks(seed) for seed in range(12)], tmp_path, 3))
    found = module.of_clips(files, 2, 1)
    assert (found["corpus"], found["strangers"], found["copied"]) == (6, 3, 3)
    assert found["told"] == found["blocks"] == 0.0, "different pictures"
    rows = found["copies"]
    for name in ("as it is", "mirrored", "without colour", "shown between 2 clips of strangers"):
        assert rows[name] == {"told": 1.0, "blocks": 1.0, "the right one": 1.0}, name
    assert rows["turned by 8°"]["blocks"] == 0.0, "what it can't do is told as well"
    lines = [json.dumps({"file_name": path.name, "who": at // 3}) for at, (path, _own) in enumerate(files)]
    (tmp_path / "metadata.jsonl").write_text("\n".join(lines), encoding="utf-8")
    by_who = module.clips_in(tmp_path, "who")
    assert [group for _path, group in by_who] == [str(at // 3) for at in range(12)]
    twin = [(path, "a" if at < 3 else "b") for at, (path, _who) in enumerate(by_who[:6])]
    assert module.of_clips(twin, 1, 1)["told"] == 0.0, "no group stands in both halves"


def test_two_works_of_a_kind_are_timed(tmp_path: Path, own_home: Path) -> None:
    """Of speech by the voice that is usual: no voice was asked for by the name ''."""
    works = loaded("works")
    found = works.make_two(works.KINDS["speech-en"], time.time(), tmp_path)
    assert sorted(path.name for path in tmp_path.glob("*.wav")) == ["work-0.wav", "work-1.wav"]
    assert found["first"] > 0 and found["next"] > 0 and 3 < found["lasts"] < 20
    assert found["factor"] == pytest.approx(found["next"] / found["lasts"])
