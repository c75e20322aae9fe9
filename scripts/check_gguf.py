"""Whether llama.cpp reads our GGUF files as transformers reads the model: the same tokens, and the same continuations.

    pip install xllamacpp    # llama.cpp for Python; 34 MB, and nothing else of ours needs it
    python scripts/check_gguf.py MODEL [MODEL ...] [--tokens 20] [--prompt TEXT ...]

MODEL is the name of a language model in the store, or its folder. It is exported in each type. In float32 the tokens
of texts and the likeliest continuation of each prompt must be equal; of the other types it is told how many of the
continuation's first tokens are. Exit code 1 where float32 differs.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

import xllamacpp

from luokuan.foundation.modelfolder import resolve
from luokuan.models.plm.gguf import TYPES, to_gguf
from luokuan.models.plm.model import PlmModel
from luokuan.models.plm.sampling import Manner
from luokuan.models.plm.tokenizers import encode
from luokuan.models.plm.writing import context_of, prompt_tokens, write

PROMPTS = ("MENENIUS:\nWhat", "The", "")
TEXTS = (
    "It's 12345 o'clock,  and we'll\n\n\tsay: naïve café — 江上清风！\r\n  'TWAS the 3rd…",
    "    indented\n\n\n  x = [1, 2.5e-3];  # don't\n",
    "👩‍👩‍👧 ﷽ ½ Ⅷ ９ \u0301 \u00a0\u3000end ",
)
"""In NFC: llama.cpp leaves out this normalisation, which Qwen's tokenizers begin with."""


class Llama:
    """llama.cpp's own server in this process, on a port of this machine alone."""

    def __init__(self, path: Path, context: int) -> None:
        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(path)
        parameters.n_ctx, parameters.n_parallel, parameters.n_gpu_layers = context, 1, 0
        parameters.cpuparams.n_threads = 1
        parameters.warmup = parameters.fit_params = False
        parameters.verbosity = 0
        # As transformers computes: keys and values in float32.
        parameters.cache_type_k = parameters.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
        parameters.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
        self._server = xllamacpp.Server(parameters)

    def _ask(self, path: str, question: dict[str, Any]) -> dict[str, Any]:
        request = urllib.request.Request(
            self._server.listening_address + path,
            json.dumps(question).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=120) as answer:
            return dict(json.load(answer))

    def tokens(self, text: str, *, begins: bool = False) -> list[int]:
        """Of a text; ``begins``: with what goes before each."""
        return list(self._ask("/tokenize", {"content": text, "add_special": begins, "parse_special": False})["tokens"])

    def likeliest(self, prompt: list[int], count: int) -> list[int]:
        """At most ``count`` tokens that follow these, each the likeliest."""
        question = {"prompt": prompt, "n_predict": count, "temperature": 0, "return_tokens": True}
        return list(self._ask("/completion", {**question, "cache_prompt": False})["tokens"])


def alike(ours: list[int], theirs: list[int]) -> int:
    """How many first tokens are equal."""
    return next((i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), min(len(ours), len(theirs)))


def check(model: PlmModel, prompts: list[str], count: int) -> bool:
    """Print a line for each type; whether float32 agrees."""
    manner = Manner(temperature=0, max_tokens=count)
    ours = [list(text.tokens) for text in write(model, prompts, manner=manner)]
    rows = [prompt_tokens(model, prompt) for prompt in prompts]
    own, fine = model.folder.config.get("family") == "plm", True  # what begins a stranger's texts, its tokenizer says
    for kind in TYPES:
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / "model.gguf"
            largest = to_gguf(model, path, kind)
            llama = Llama(path, context_of(model) or 512)
            cut = sum(llama.tokens(text) == encode(model.tokenizer, [text])[0] for text in TEXTS)
            begun = sum(llama.tokens(prompt, begins=True) == row for prompt, row in zip(prompts, rows, strict=True))
            theirs = [llama.likeliest(row, count) for row in rows]
            size = path.stat().st_size
            del llama
        same = [alike(one, other) for one, other in zip(ours, theirs, strict=True)]
        whole = [len(one) for one in ours]
        print(
            f"{model.folder.name} {kind}: {size} bytes, largest difference {largest:.1e}; texts cut alike {cut} of "
            f"{len(TEXTS)}, prompts begun alike {begun} of {len(prompts)}, tokens alike {same} of {whole}",
            flush=True,
        )
        if kind == "f32":
            fine = cut == len(TEXTS) and same == whole and (begun == len(prompts) or not own)
    return fine


def main() -> int:
    """Check all models."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--tokens", type=int, default=20)
    parser.add_argument("--prompt", action="append")
    options = parser.parse_args()
    prompts = options.prompt or list(PROMPTS)
    # A list: every model is checked, whatever the ones before it gave.
    fine = [check(PlmModel.from_folder(resolve(name)), prompts, options.tokens) for name in options.models]
    print(f"llama.cpp agrees on {sum(fine)} of {len(fine)} models ({xllamacpp.BUILD_INFO})")
    return 0 if all(fine) else 1


if __name__ == "__main__":
    raise SystemExit(main())
