"""Translations as works: by an encoder-decoder, a chat model and a server; and what is refused."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import counting
import plms
import pytest
from drafts import text_draft

import luokuan.create
from luokuan.cli.main import main
from luokuan.colophon.finish import export_work, finish
from luokuan.create.servers import find_server
from luokuan.create.translations import Way, create_translation, draft_translation, read_text
from luokuan.errors import UserError
from luokuan.media import Text
from luokuan.models.registry import load_model, load_translating_model
from luokuan.models.seq2seq.decoding import Search, written_for
from luokuan.store.home import open_home


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("translation")
    os.environ["LUOKUAN_HOME"] = str(place / "home")
    corpus = counting.write_corpus(place / "corpus")
    shape = ["--size", "nano", "--width", "64", "--layers", "1+1", "--vocabulary", "300"]
    run = ["--steps", "250", "--batch", "32", "--dropout", "0.05", "--precision", "float32", "--quiet"]
    assert main(["train", "seq2seq", str(corpus), "--name", "count", *shape, *run]) == 0
    return place / "home"


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], home: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setenv("LUOKUAN_HOME", str(home))
        code = main([str(a) for a in arguments])
        out, err = capfd.readouterr()
        return code, out, err

    return call


def test_a_file_becomes_a_signed_text_with_its_lines(run: Any, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("\ufeff- one two.\n\n- 12:30\n- three!", encoding="utf-8")
    out = tmp_path / "out.txt"
    code, shown, _err = run(
        "create", "translation", "--input", tmp_path / "in.txt", "--to", "zh", "-m", "count", "-o", out, "--beams", 2
    )
    assert code == 0
    lines = out.read_text(encoding="utf-8").split("\n")
    assert lines[0].startswith("- ") and lines[1] == "" and lines[2] == "- 12:30" and lines[3].startswith("- ")
    assert lines[0] in shown and "out.txt" in shown
    assert run("verify", out)[0] == 0


def test_a_translation_of_a_work_names_it(run: Any, home: Path, tmp_path: Path) -> None:
    first = export_work(
        finish(text_draft("one two three."), home=open_home(home), media_type="text/plain"), tmp_path / "a"
    )
    command = [
        "create",
        "translation",
        "--input",
        tmp_path / "a",
        "--to",
        "zh",
        "-m",
        "count",
        "-o",
        tmp_path / "b.txt",
    ]
    assert run(*command)[0] == 0
    code, out, _err = run("lineage", tmp_path / "b.txt", "--json")
    edges = [(edge["from"], edge["how"]) for edge in json.loads(out)["edges"]]
    assert code == 0 and (f"work:{first.id}", "reference") in edges


def test_much_to_do_shows_progress(run: Any, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("one two three.\n" * 60, encoding="utf-8")
    command = ["create", "translation", "--input", tmp_path / "in.txt", "--to", "zh", "-m", "count", "--beams", 1]
    code, _out, err = run(*command, "-o", tmp_path / "out.txt")
    assert code == 0 and "60/60" in err, err
    code, out, err = run(*command, "-o", tmp_path / "out.json", "--json")
    assert code == 0 and "60/60" not in err and json.loads(out)["media_type"] == "application/json"


def test_the_recipe_says_how(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUOKUAN_HOME", str(home))
    told: list[tuple[int, int]] = []
    model = load_model("count")
    draft = draft_translation("one. two three.\n四", Way("zh"), model=model, on_done=lambda *n: told.append(n))
    assert isinstance(draft.media, Text) and draft.media.language == "zh-CN" and draft.kind == "translation"
    said = draft.recipe.parameters
    assert (said["from"], said["to"], said["beams"], said["sentences"]) == ("en", "zh", 4, 3)
    assert draft.recipe.brief == "one. two three.\n四" and draft.recipe.licence == "CC0-1.0"
    assert told[-1] == (3, 3)
    again = draft_translation("one. two three.\n四", Way("zh"), model=model)
    assert again.media == draft.media
    back = draft_translation("三四", Way("en"), model=model)
    assert isinstance(back.media, Text) and back.media.language == "en"


def test_python_makes_the_same(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUOKUAN_HOME", str(home))
    work = luokuan.create.translation("one two", to="zh", model="count", media_type="application/json")
    assert json.loads(work.data)["AIGC"] and work.kind == "translation"


def test_a_sentence_longer_than_the_model_reads_is_cut(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUOKUAN_HOME", str(home))
    model = load_model("count")
    draft = draft_translation("one two three, " * 60, Way("zh", beams=1), model=model)
    assert isinstance(draft.media, Text) and draft.recipe.parameters["sentences"] == 1


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["--to", "zh"], "nothing to translate"),
        (["  --- ", "--to", "zh"], "nothing to translate"),
        (["one", "--to", "de"], "doesn't translate from en to de|doesn't translate"),
        (["one", "--to", "xx"], "unknown"),
        (["one", "--to", "English"], "no code"),
        (["one", "--to", "zh", "--from", "zh"], "same language"),
        (["一二三", "--to", "zh"], "Chinese already"),
        (["one", "--to", "en"], "not Chinese"),
        (["one \ud800", "--to", "zh"], "half a character"),
        (["one " * 300_000, "--to", "zh"], "longer than"),
        (["one", "--to", "zh", "--input", "x.txt"], "Both"),
        (["--to", "zh", "--input", "none.txt"], "can't be read"),
        (["one", "--to", "zh", "-o", "x.png"], "format"),
    ],
)
def test_what_cant_be_done_is_one_sentence(run: Any, arguments: list[str], what: str) -> None:
    import re

    code, _out, err = run("create", "translation", *arguments, "-m", "count")
    assert code == 2 and re.search(what, err) and "Traceback" not in err


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_bytes("é".encode("latin-1"))
    with pytest.raises(UserError, match="UTF-8"):
        read_text(tmp_path / "x.txt")
    with pytest.raises(UserError, match="can't be read"):
        read_text(tmp_path)


def test_other_commands_say_that_it_translates(run: Any, home: Path, tmp_path: Path) -> None:
    for arguments, what in (
        (("evaluate", "count", home.parent / "corpus"), "translates"),
        (("models", "export", "count", "--to", "onnx", "-o", tmp_path / "x.onnx"), "encoder-decoder"),
        (("create", "image", "-m", "count"), "makes text"),
        (("create", "text", "one", "-m", "count"), "writes no text"),
        (("create", "translation", "one", "--to", "zh", "-m", "garments"), "writes no text"),
    ):
        code, _out, err = run(*arguments)
        assert code == 2 and what in err, err


def test_a_chat_model_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    from luokuan.models.plm.layout import TEMPLATE

    model = plms.plm(context=1024)
    with pytest.raises(UserError, match="chat template"):
        draft_translation("one", Way("zh"), model=model)
    model.tokenizer.chat_template = TEMPLATE
    object.__setattr__(model.folder, "digest", "0" * 64)
    draft = draft_translation("one", Way("zh", "en"), model=model)
    assert "from English into Chinese" in draft.recipe.parameters["system"]
    assert isinstance(draft.media, Text) and draft.media.text


class Server(BaseHTTPRequestHandler):
    def log_message(self, *_arguments: object) -> None:
        pass

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append(body)  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        text = "" if body["model"] == "mute" else f"<{body['messages'][-1]['content']}>\n"
        for event in ({"choices": [{"delta": {"content": text}}]}, {"choices": [{"finish_reason": "stop"}]}):
            self.wfile.write(b"data: " + json.dumps(event).encode() + b"\n\n")
        self.wfile.write(b"data: [DONE]\n\n")


@pytest.fixture
def server() -> Iterator[Any]:
    found = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    found.seen = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=found.serve_forever)
    thread.start()
    yield found
    found.shutdown()
    thread.join()
    found.server_close()


def test_a_server_is_asked_line_by_line(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LUOKUAN_SERVER_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    address = f"http://127.0.0.1:{server.server_address[1]}/v1"
    work = create_translation("- Hello. You!\n\n- Bye.\n", to="fr", model=f"{address}#m", seed=5)
    assert work.data.decode().startswith("- <Hello. You!>\n\n- <Bye.>\n")
    assert [body["messages"][1]["content"] for body in server.seen] == ["Hello. You!", "Bye."]
    assert "into French" in server.seen[0]["messages"][0]["content"] and server.seen[0]["temperature"] == 0
    assert work.recipe.parameters["server"] == address
    with pytest.raises(UserError, match="no translation"):
        draft_translation("Hello.", Way("fr"), model=find_server(f"{address}#mute"))


def test_a_model_of_many_languages_is_told_both(tmp_path: Path) -> None:
    """As those of Facebook on the Hub: marks of languages in the tokenizer, the first token forced."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import M2M100Config, M2M100ForConditionalGeneration, PreTrainedTokenizerFast

    words = ["<s>", "<pad>", "</s>", "<unk>", "eng_Latn", "zho_Hans", "one", "two", "一", "二"]
    backend = Tokenizer(models.WordLevel({word: n for n, word in enumerate(words)}, unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    backend.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 2)])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, bos_token="<s>", pad_token="<pad>", eos_token="</s>", unk_token="<unk>",
        additional_special_tokens=["eng_Latn", "zho_Hans"],
    )  # fmt: skip
    torch.manual_seed(0)
    config = M2M100Config(
        vocab_size=len(words), d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=16, decoder_ffn_dim=16, max_position_embeddings=32,
    )  # fmt: skip
    M2M100ForConditionalGeneration(config).save_pretrained(tmp_path / "many")
    tokenizer.save_pretrained(tmp_path / "many")
    model = load_translating_model(tmp_path / "many")
    with pytest.raises(UserError, match="language of the text"):
        draft_translation("one two", Way("zh"), model=model)
    with pytest.raises(UserError, match="no mark"):
        draft_translation("one two", Way("ko", "en"), model=model)
    (row,) = model.sources(["one two"], "en", "zh")  # type: ignore[union-attr]
    (written,) = written_for(model, [row], "zh", Search(beams=1))  # type: ignore[arg-type]
    assert written[1] == words.index("zho_Hans")


def test_a_model_that_is_asked_in_words_and_one_with_marks_of_targets(tmp_path: Path) -> None:
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import MarianConfig, MarianMTModel, PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration

    words = ["<pad>", "</s>", "<unk>", ">>cmn_Hans<<", "translate", "English", "to", "Chinese", ":", "one", "一"]
    backend = Tokenizer(models.WordLevel({word: n for n, word in enumerate(words)}, unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    backend.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    torch.manual_seed(0)
    t5 = T5Config(
        vocab_size=len(words), d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2, decoder_start_token_id=0
    )
    marian = MarianConfig(
        vocab_size=len(words), d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=16, decoder_ffn_dim=16, max_position_embeddings=32, pad_token_id=0,
        eos_token_id=1, decoder_start_token_id=0, forced_eos_token_id=None,
    )  # fmt: skip
    rows = {}
    for name, network in (("t5", T5ForConditionalGeneration(t5)), ("marian", MarianMTModel(marian))):
        marks = [">>cmn_Hans<<"] if name == "marian" else []
        tokenizer = PreTrainedTokenizerFast(
            tokenizer_object=backend, pad_token="<pad>", eos_token="</s>", unk_token="<unk>",
            additional_special_tokens=marks,
        )  # fmt: skip
        network.save_pretrained(tmp_path / name)
        tokenizer.save_pretrained(tmp_path / name)
        model = load_translating_model(tmp_path / name)
        (row,) = model.sources(["one"], "en", "zh")  # type: ignore[union-attr]
        rows[name] = [words[number] for number in row]
        assert len(written_for(model, [row], "zh", Search(beams=2))) == 1  # type: ignore[arg-type]
        if name == "t5":
            rows[name] = [word for word in rows[name] if not word.startswith(">>")]
            with pytest.raises(UserError, match="language of the text"):
                draft_translation("one", Way("zh"), model=model)
    assert rows["marian"] == [">>cmn_Hans<<", "one", "</s>"]
    assert rows["t5"] == ["translate", "English", "to", "Chinese", ":", "one", "</s>"]


def test_a_model_that_says_nothing_is_told_of(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUOKUAN_HOME", str(home))
    model = load_model("count")
    monkeypatch.setattr(type(model), "spell", lambda _self, _numbers: "")
    with pytest.raises(UserError, match="no translation"):
        draft_translation("one two", Way("zh"), model=model)
