"""Texts by a server with OpenAI's API: a real HTTP server on loopback, good and bad."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from luokuan.cli.main import main
from luokuan.colophon.schema import Recipe
from luokuan.create.servers import find_server, is_server
from luokuan.create.texts import Prompt, create_texts
from luokuan.errors import UserError
from luokuan.models.plm.sampling import Manner
from luokuan.store.database import open_database
from luokuan.store.home import Home, open_home
from luokuan.store.works import find_work


class Answers(BaseHTTPRequestHandler):
    """Answers as the model's name says."""

    def log_message(self, *_arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        self.server.seen.append((self.path, dict(self.headers), None))  # type: ignore[attr-defined]
        self.whole(200, {"data": [{"id": "qwen/tiny"}, {"id": "other"}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append((self.path, dict(self.headers), body))  # type: ignore[attr-defined]
        how = body["model"]
        if how in ("401", "404", "429", "500"):
            self.whole(int(how), {"error": {"message": f"no \x1b[31m{how}"}})
        elif how == "moved":
            self.send_response(302)
            self.send_header("Location", "http://127.0.0.1:9/")
            self.end_headers()
        elif how == "plain":
            self.whole(200, {"choices": []})
        else:
            self.stream(how, chat=self.path.endswith("chat/completions"))

    def whole(self, status: int, value: Any) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def stream(self, how: str, *, chat: bool) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        pieces = {"empty": [], "endless": ["x" * 100_000] * 60}.get(how, ["春眠", "不觉", "晓\x1b[2J"])
        for piece in pieces:
            self.event({"choices": [{"delta": {"content": piece}} if chat else {"text": piece}]})
        if how == "garbage":
            self.wfile.write(b"data: {oops\n\n")
        elif how == "list":
            self.event([1])
        elif how == "error":
            self.event({"error": {"message": "out of memory"}})
        elif how not in ("cut", "empty"):
            self.event({"choices": [{"delta": {}, "finish_reason": "length"}]})
            self.wfile.write(b"data: [DONE]\n\n")

    def event(self, value: Any) -> None:
        self.wfile.write(b"data: " + json.dumps(value).encode() + b"\n\n")


@pytest.fixture
def server() -> Iterator[Any]:
    found = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    found.seen = []  # type: ignore[attr-defined]
    found.url = f"http://127.0.0.1:{found.server_address[1]}/v1"  # type: ignore[attr-defined]
    thread = threading.Thread(target=found.serve_forever)
    thread.start()
    yield found
    found.shutdown()
    thread.join()
    found.server_close()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return open_home(tmp_path / "home")


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LUOKUAN_SERVER_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def test_an_answer_is_streamed_finished_and_recorded(server: Any, home: Home) -> None:
    shown: list[str] = []
    manner = Manner(temperature=0.3, top_p=0.9, max_tokens=20, stop=("。",))
    prompt = Prompt("一首诗", system="你是诗人")
    (work,) = create_texts(
        prompt, model=f"{server.url}#m", seed=7, manner=manner, home=home, on_text=lambda _i, piece: shown.append(piece)
    )
    assert "".join(shown).startswith("春眠不觉晓")
    assert work.data.decode().startswith("春眠不觉晓[2J\n\n人工智能生成")
    path, headers, body = server.seen[-1]
    assert path == "/v1/chat/completions"
    assert "Authorization" not in headers
    assert body["messages"] == [{"role": "system", "content": "你是诗人"}, {"role": "user", "content": "一首诗"}]
    told = {key: body[key] for key in ("temperature", "top_p", "max_tokens", "seed", "stop", "stream")}
    assert told == {"temperature": 0.3, "top_p": 0.9, "max_tokens": 20, "seed": 7, "stop": ["。"], "stream": True}
    assert "top_k" not in body
    with open_database(home) as database, database.read() as connection:
        row = find_work(connection, work.id)
    assert row is not None
    assert row.recipe is not None
    recipe = Recipe.from_dict(row.recipe)
    assert (recipe.model, recipe.licence, recipe.parameters["ended"]) == ("m", "unknown", "length")
    assert recipe.parameters["server"] == server.url
    assert server.url.encode() not in work.data + b"".join(work.sidecars.values())


def test_going_on_and_the_first_model(server: Any, home: Home) -> None:
    (work,) = create_texts(Prompt("春天", raw=True), model=server.url, home=home, manner=Manner(top_k=5, min_p=0.1))
    assert work.data.decode().startswith("春天春眠不觉晓")
    assert work.recipe.model == "qwen-tiny"
    path, _headers, body = server.seen[-1]
    assert (path, body["model"], body["prompt"]) == ("/v1/completions", "qwen/tiny", "春天")
    assert (body["top_k"], body["min_p"]) == (5, 0.1)


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("401", "server.refused"),
        ("404", "server.refused"),
        ("429", "server.refused"),
        ("500", "server.refused"),
        ("moved", "server.refused"),
        ("plain", "server.answer"),
        ("garbage", "server.answer"),
        ("list", "server.answer"),
        ("empty", "server.answer"),
        ("endless", "server.answer"),
        ("error", "server.refused"),
    ],
)
def test_bad_servers_cost_one_sentence_and_nothing_is_kept(server: Any, home: Home, how: str, code: str) -> None:
    with pytest.raises(UserError) as caught:
        list(create_texts("a", model=f"{server.url}#{how}", home=home))
    assert caught.value.code == code
    assert "\x1b" not in caught.value.what
    assert not list(home.blobs.glob("??/*"))


def test_nobody_there(home: Home) -> None:
    with pytest.raises(UserError) as caught:
        list(create_texts("a", model="http://127.0.0.1:9/v1#m", home=home))
    assert caught.value.code == "server.unreachable"


def test_keys(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    found = find_server(f"{server.url}#m")
    found.write(Prompt("a"), Manner(), 0)
    assert server.seen[-1][1]["Authorization"] == "Bearer sk-secret"
    with pytest.raises(UserError) as caught:
        find_server("http://example.org/v1#m")
    assert caught.value.code == "server.key"
    assert "sk-secret" not in caught.value.what
    assert find_server("https://example.org/v1#m").key == "sk-secret"


@pytest.mark.parametrize("url", ["http://", "http://[", "http://me:pass@host/v1#m", "http:///v1"])
def test_no_addresses(url: str) -> None:
    assert is_server(url)
    with pytest.raises(UserError) as caught:
        find_server(url)
    assert caught.value.code == "server.address"
    assert "pass" not in caught.value.what


def test_from_the_command_line(
    server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LUOKUAN_HOME", str(tmp_path / "home"))
    path = tmp_path / "a.json"
    assert main(["create", "text", "hello", "-m", server.url, "-o", str(path)]) == 0
    assert "春眠不觉晓" in capsys.readouterr().out
    assert main(["verify", str(path)]) == 0
    assert main(["create", "text", "hello", "-m", f"{server.url}#404", "-o", str(path)]) == 2
