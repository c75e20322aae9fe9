"""How quickly a language model writes, against ``generate`` of transformers on the same network, in one run.

    python benchmarks/text.py [--sizes micro small] [--model FOLDER] [--prompt 32] [--tokens 128] [--repeats 5]
        [--precision float32] [--json]

Both go on from the same prompts, one and 16 of them, by the same number of tokens (the end's is suppressed), in the
same precision (for bf16 the network that generates is converted), with the same temperature, top_k and top_p: after one
round to warm up, the median of alternating rounds. The time to the first token is that of a call for one token. Without
--model, networks of ``qwen3_config`` with random weights, a vocabulary of 4,096 and a context of 512.

The ceiling of a single stream is the machine's rate of reading memory, measured, over the bytes of weights that a token
takes; weights that stay in the CPU's caches are read more quickly than that.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from copy import deepcopy
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from luokuan.foundation import compute
from luokuan.foundation.modelfolder import ModelFolder, read_folder
from luokuan.models.plm.config import qwen3_config
from luokuan.models.plm.decoding import PRECISIONS, decoder_of
from luokuan.models.plm.model import PlmModel
from luokuan.models.plm.sampling import Manner
from luokuan.models.plm.tokenizers import build, encode
from luokuan.models.plm.writing import context_of, end_tokens, prompt_tokens, write

WORDS, CONTEXT, MANY = 4096, 512, 16


def random_model(size: str) -> PlmModel:
    """Random weights, and a token for each of 4,094 characters."""
    from transformers import Qwen3ForCausalLM

    tokenizer = build("chars", ["".join(chr(0x4E00 + i) for i in range(WORDS - 2))])
    torch.manual_seed(0)
    config = qwen3_config(size, vocabulary=WORDS, context=CONTEXT, end=int(tokenizer.eos_token_id))
    network = Qwen3ForCausalLM(config).eval()
    return PlmModel(ModelFolder(Path(size), size, config.to_dict(), {}, ""), network, tokenizer)


def prompts_of(model: PlmModel, tokens: int, count: int) -> list[str]:
    """Random texts of so many tokens, or as near below as the tokenizer's merges allow."""
    rng, found = np.random.default_rng(0), []
    known = sorted(set(model.tokenizer.get_vocab().values()) - set(model.tokenizer.all_special_ids))
    for _text in range(count):
        text = str(model.tokenizer.decode(rng.choice(known, tokens).tolist()))
        while len(encode(model.tokenizer, [text])[0]) > tokens - 1:  # the mark of documents comes before them
            text = text[:-1]
        found.append(text)
    return found


def theirs(model: PlmModel, network: Any, prompts: list[str], manner: Manner) -> int:
    """Tokens that ``generate`` wrote."""
    rows = [prompt_tokens(model, prompt) for prompt in prompts]
    longest, pad = max(map(len, rows)), int(model.tokenizer.eos_token_id)
    ids = torch.tensor([[pad] * (longest - len(row)) + row for row in rows])
    mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows])
    with torch.inference_mode():
        found = network.generate(
            ids,
            attention_mask=mask,
            do_sample=True,
            temperature=manner.temperature,
            top_k=manner.top_k,
            top_p=manner.top_p,
            max_new_tokens=manner.max_tokens,
            pad_token_id=pad,
        )
    return int(found[:, longest:].numel())


def ours(model: PlmModel, precision: str, prompts: list[str], manner: Manner) -> int:
    """Tokens that we wrote."""
    return sum(len(text.tokens) for text in write(model, prompts, seed=0, manner=manner, precision=precision))


def seconds(work: Callable[[], int], tokens: int) -> float:
    """On the clock."""
    start = time.perf_counter()
    written = work()
    spent = time.perf_counter() - start
    assert written == tokens, (written, tokens)
    return spent


def reading_rate() -> float:
    """Bytes a second at which memory is read: the best of several sums over 1 GiB, more than caches hold."""
    row = torch.ones(1 << 28)
    return max(row.numel() * 4 * compute.measure_rate(row.sum, seconds=0.3) for _round in range(3))


def compare(model: PlmModel, options: argparse.Namespace) -> dict[str, Any]:
    """Figures of one and of many streams."""
    # Both must write as many tokens as they are asked for.
    model.network.generation_config.suppress_tokens = sorted(end_tokens(model))
    context = context_of(model)
    assert context is None or options.prompt + options.tokens <= context, "context too short"
    manner = Manner(options.temperature, options.top_k, options.top_p, max_tokens=options.tokens)
    first = Manner(options.temperature, options.top_k, options.top_p, max_tokens=1)
    network = deepcopy(model.network).bfloat16() if options.precision == "bf16" else model.network
    sides = {"ours": partial(ours, model, options.precision), "generate": partial(theirs, model, network)}
    found: dict[str, Any] = {}
    for count in (1, MANY):
        prompts = prompts_of(model, options.prompt, count)
        spent: dict[str, list[float]] = {}
        for turn in range(options.repeats + 1):
            for name, side in sides.items():
                for what, how in (("seconds", manner), ("first", first)):
                    took = seconds(partial(side, prompts, how), count * how.max_tokens)
                    spent.setdefault(f"{name}_{what}", []).extend([took] if turn else [])
        middle = {name: median(values) for name, values in spent.items()}
        tokens = count * options.tokens
        found[str(count)] = {
            "ours_tokens_per_second": tokens / middle["ours_seconds"],
            "generate_tokens_per_second": tokens / middle["generate_seconds"],
            "ratio": middle["generate_seconds"] / middle["ours_seconds"],
            "ours_first_token_ms": 1e3 * middle["ours_first"],
            "generate_first_token_ms": 1e3 * middle["generate_first"],
        }
    embedding = model.network.get_input_embeddings().weight
    head = model.network.get_output_embeddings().weight
    weights = sum(p.numel() * p.element_size() for p in model.network.parameters())
    # A token looks up one row of the embedding, unless the head is the same matrix.
    weights -= embedding.numel() * embedding.element_size() if head is not embedding else 0
    weights //= 2 if options.precision == "bf16" else 1
    rate = reading_rate()
    return {
        "name": model.folder.name,
        "decoder": type(decoder_of(model.network, options.precision)).__name__,
        "precision": options.precision,
        "streams": found,
        "weight_megabytes": weights / 1e6,
        "reading_gigabytes_per_second": rate / 1e9,
        "ceiling_tokens_per_second": rate / weights,
        "threads": torch.get_num_threads(),
        "prompt": options.prompt,
        "tokens": options.tokens,
        "repeats": options.repeats,
    }


def main() -> None:
    """Print a table, or one JSON object a model with --json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", default=["micro", "small"])
    parser.add_argument("--model", type=Path)
    parser.add_argument("--prompt", type=int, default=32)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--temperature", type=float, default=0.8)
    parser.add_argument("--top-k", type=int, default=50)
    parser.add_argument("--top-p", type=float, default=0.95)
    parser.add_argument("--precision", choices=PRECISIONS, default="float32")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    compute.prepare()
    if options.model is not None:
        models = [PlmModel.from_folder(read_folder(options.model))]
    else:
        models = [random_model(size) for size in options.sizes]
    for model in models:
        found = compare(model, options)
        if options.json:
            print(json.dumps(found), flush=True)
            continue
        print(
            f"{found['name']}: {found['decoder']}, {found['threads']} threads, {options.precision}, prompt of "
            f"{options.prompt}, {options.tokens} new tokens, temperature {options.temperature}, top_k {options.top_k}, "
            f"top_p {options.top_p}"
        )
        print("| streams | ours, tokens/s | generate, tokens/s | ratio | bar | first token: ours, ms | generate, ms |")
        print("| --- | --- | --- | --- | --- | --- | --- |")
        for count, row in found["streams"].items():
            bar = 1.0 if count == "1" else 1.5
            print(
                f"| {count} | {row['ours_tokens_per_second']:.0f} | {row['generate_tokens_per_second']:.0f} "
                f"| {row['ratio']:.2f} | {bar} | {row['ours_first_token_ms']:.1f} "
                f"| {row['generate_first_token_ms']:.1f} |"
            )
        print(
            f"ceiling of one stream: {found['ceiling_tokens_per_second']:.0f} tokens/s "
            f"({found['weight_megabytes']:.1f} MB a token at {found['reading_gigabytes_per_second']:.1f} GB/s)\n",
            flush=True,
        )


if __name__ == "__main__":
    main()
