"""Copy by models that answer: prompts, drafts ranked by what was found in them, works with their findings."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from plms import kept_in, slot_plm

import luokuan
from luokuan.cli.main import main
from luokuan.create.copies import create_copies
from luokuan.create.copybrief import FORMS, LANGUAGES, Brief
from luokuan.create.copyprompts import LENGTHS, answer_alone, prompt_of
from luokuan.store.home import open_home

DRAFTS = (
    "<think>hm</think>全网第一的青竹茶，只要88元。",
    "“青竹茶，明前采摘，清香回甘。”",
    "青竹茶，明前采摘，清香甘甜。",
    "青竹茶：一杯春山，明前采摘。",
)
"""What the server says, one after the other."""


class Answers(BaseHTTPRequestHandler):
    """Answers with the next of ``DRAFTS``."""

    def log_message(self, *_arguments: object) -> None:
        pass

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        seen = self.server.seen  # type: ignore[attr-defined]
        text = DRAFTS[len(seen) % len(DRAFTS)]
        seen.append(body)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for event in ({"choices": [{"delta": {"content": text}, "finish_reason": "stop"}]},):
            self.wfile.write(b"data: " + json.dumps(event).encode() + b"\n\n")
        self.wfile.write(b"data: [DONE]\n\n")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("LUOKUAN_SERVER_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    found = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    found.seen = []  # type: ignore[attr-defined]
    found.url = f"http://127.0.0.1:{found.server_address[1]}/v1#m"  # type: ignore[attr-defined]
    thread = threading.Thread(target=found.serve_forever)
    thread.start()
    yield found
    found.shutdown()
    thread.join()
    found.server_close()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_prompt_tells_all_of_a_brief(form: str, language: str) -> None:
    brief = Brief(
        "Aspire 5", (("memory", "8 GB"),), form=form, language=language, audience="students", tone="calm",
        must=("two years",), must_not=("cheap", "toy"),
    )  # fmt: skip
    prompt = prompt_of(brief)
    for told in ("Aspire 5", "memory", "8 GB", "students", "calm", "two years", "cheap", "toy"):
        assert told in prompt.text
    assert str(LENGTHS[language][form]) in prompt.text
    assert prompt.system
    bare = prompt_of(Brief("Aspire 5", form=form, language=language, length=33))
    assert "33" in bare.text
    assert bare.text.count("\n") == 1


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("<think>a\nb</think>\n\nBuy it.", "Buy it."),
        ('"Buy it."', "Buy it."),
        ('"A" and "B"', '"A" and "B"'),
        ("“今夜好茶”", "今夜好茶"),
        ('"', '"'),
        ("", ""),
    ],
)
def test_answers_lose_what_stands_around_them(answer: str, text: str) -> None:
    assert answer_alone(answer) == text


def test_the_best_comes_first_and_the_faulty_last(server: Any, tmp_path: Path) -> None:
    brief = Brief("青竹茶", must=("明前",), form="slogan", tone="清雅")
    shown: list[str] = []
    works = list(
        create_copies(
            brief, model=server.url, count=4, seed=5, home=open_home(tmp_path / "home"),
            on_text=lambda _index, text: shown.append(text),
        )
    )  # fmt: skip
    # The second and the third are nearly the same: the fourth comes between them.
    assert shown == ["青竹茶，明前采摘，清香回甘。", DRAFTS[3], DRAFTS[2], "全网第一的青竹茶，只要88元。"]
    assert [work.recipe.parameters["rank"] for work in works] == [1, 2, 3, 4]
    assert [work.recipe.seed for work in works] == [6, 8, 7, 5]
    assert {work.kind for work in works} == {"copy"}
    kinds = [finding["kind"] for finding in works[3].recipe.parameters["findings"]]
    assert kinds == ["must", "absolute", "figure"]
    assert works[0].recipe.parameters["findings"] == []
    assert works[0].data.decode().startswith("青竹茶，明前采摘，清香回甘。\n\n")
    assert server.seen[0]["messages"][0]["role"] == "system"
    assert server.seen[0]["max_tokens"] == 512


def test_the_command_shows_what_it_found(
    server: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("brief.yaml").write_text("product: 青竹茶\nform: ad\nmust: 明前\nattributes: {price: 90}\n", encoding="utf-8")
    command = ["create", "copy", "--brief", "brief.yaml", "--attribute", "price=88元", "-m", server.url]
    assert main([*command, "-o", "tea.txt"]) == 0
    out, err = capfd.readouterr()
    assert err == ""
    assert out.startswith("全网第一的青竹茶，只要88元。\n")
    assert "! 明前: It must be said and isn't." in out
    assert "! 全网第一: An absolute" in out
    assert "! 88" not in out
    assert Path("tea.txt").read_text(encoding="utf-8").startswith("全网第一的青竹茶，只要88元。")
    assert main([*command, "-n", "2", "--json", "-o", "teas", "--must-not", "清香"]) == 0
    first, second = json.loads(capfd.readouterr().out)["works"]
    assert (first["rank"], second["rank"]) == (1, 2)
    assert [finding["kind"] for finding in first["findings"]] == ["must-not"]
    assert main(["verify", "teas"]) == 0


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ([], "names no product"),
        (["--product", "X", "--attribute", "memory"], "needs a name and a value"),
        (["--product", "X", "--form", "poem"], "is no form of copy"),
        (["--product", "X", "--length", "1"], "length"),
        (["--brief", "none.yaml"], "can't be used"),
        (["--product", "X", "-m", "no-such-model"], "no-such-model"),
    ],
)
def test_what_is_wrong_is_one_sentence(arguments: list[str], what: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["create", "copy", *arguments]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert what in err
    assert "Traceback" not in err


def test_in_python(server: Any, tmp_path: Path) -> None:
    work = luokuan.create.copy(
        "青竹茶", attributes={"price": "88元"}, must="明前", form="ad", temperature=0.5, model=server.url,
        home=open_home(tmp_path / "home"),
    )  # fmt: skip
    assert work.recipe.parameters["temperature"] == 0.5
    assert server.seen[0]["temperature"] == 0.5
    assert "价格" not in server.seen[0]["messages"][1]["content"]
    assert "price：88元" in server.seen[0]["messages"][1]["content"]


def test_a_model_that_writes_slots_through_the_command(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    model = str(kept_in(tmp_path / "slots", slot_plm()))
    facts = ["--product", "Aspire 5", "--attribute", "RAM=8 GB", "--attribute", "price=$499", "--tone", "bold"]
    command = ["create", "copy", *facts, "-m", model, "--seed", "4", "-n", "2", "--among", "3"]
    assert main([*command, "-o", str(tmp_path / "out"), "--json"]) == 0
    works = json.loads(capfd.readouterr().out)["works"]
    assert [work["rank"] for work in works] == [1, 2]
    assert works[0]["ignored"] == ["tone"]
    # Weights at random may leave slots out; a figure that nobody gave they can't write.
    assert "figure" not in [finding["kind"] for work in works for finding in work["findings"]]
    assert main([*command[:-4], "-o", str(tmp_path / "one.md")]) == 0
    out = capfd.readouterr().out
    assert "The model never looks at: tone." in out
    assert "AIGC" in (tmp_path / "one.md").read_text(encoding="utf-8")
    assert main(["create", "copy", "--product", "X", "--attribute", "colur=red", "-m", model]) == 2
    assert "The nearest that it knows: color" in capfd.readouterr().err
