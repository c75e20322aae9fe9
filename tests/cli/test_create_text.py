"""`luokuan create text`: shown while it is written, kept, labelled, verified, and what is refused."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

import luokuan
from luokuan.cli.main import main
from luokuan.colophon.schema import Recipe
from luokuan.foundation.corpus import open_texts
from luokuan.foundation.modelfolder import NGRAMS
from luokuan.models.plm.ngrams import ngrams_of
from luokuan.store.database import open_database
from luokuan.store.home import open_home
from luokuan.store.works import find_work

EXAMPLE = Path(__file__).parents[2] / "examples/shakespeare-small"
TEMPLATE = "{% for m in messages %}<{{ m.role }}>{{ m.content }}\n{% endfor %}<assistant>"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("text") / "home"
    os.environ["LUOKUAN_HOME"] = str(place)
    choices = ["--size", "nano", "--context", "160", "--batch", "4", "--tokenizer", "chars", "--steps", "20", "--quiet"]
    assert main(["train", "plm", str(EXAMPLE), "--name", "mine", *choices]) == 0
    return place


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a command in the shared home; returns (exit code, stdout, stderr)."""
    monkeypatch.setenv("LUOKUAN_HOME", str(home))
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> tuple[int, str, str]:
        code = main([str(a) for a in arguments])
        out, err = capfd.readouterr()
        return code, out, err

    return call


@pytest.mark.parametrize(
    ("ending", "media_type"),
    [("txt", "text/plain"), ("md", "text/markdown"), ("json", "application/json"), ("html", "text/html")],
)
def test_a_text_is_shown_kept_and_verified(run: Any, ending: str, media_type: str) -> None:
    code, out, err = run("create", "text", "KING:\n", "-m", "mine", "--tokens", 30, "-o", f"speech.{ending}")
    assert (code, err) == (0, "")
    assert out.startswith("KING:\n")
    assert "人工智能生成 AI generated" in out.splitlines()[-2]
    data = Path(f"speech.{ending}").read_text(encoding="utf-8")
    text = json.loads(data)["text"] if ending == "json" else data
    assert "KING:\n" in text
    assert "[luokuan:" in text
    code, out, _err = run("verify", f"speech.{ending}", "--json")
    verdict = json.loads(out)
    assert (code, verdict["verdict"], verdict["media_type"], verdict["model"]) == (0, "ours", media_type, "mine")
    code, out, _err = run("verify", ".")
    assert code == 0
    assert len(out.splitlines()) == 1


def test_what_was_shown_is_what_was_written(run: Any) -> None:
    _code, out, _err = run("create", "text", "First", "-m", "mine", "--tokens", 40, "-o", "a.txt")
    shown = out.rsplit("\n\n", 1)[0]
    assert Path("a.txt").read_text(encoding="utf-8").rsplit("\n\n", 1)[0] == shown.strip("\n")


def test_the_same_seed_the_same_text_and_what_the_recipe_keeps(run: Any, home: Path) -> None:
    command = ("create", "text", "To be", "-m", "mine", "--tokens", 20, "--json", "--seed", 5, "--top-p", 0.9)
    found = [json.loads(run(*command, "-o", name)[1]) for name in ("a.txt", "b.txt")]
    texts = [Path(one["path"]).read_text(encoding="utf-8").rsplit("\n\n", 1)[0] for one in found]
    assert texts[0] == texts[1]
    assert found[0]["id"] != found[1]["id"]
    assert [Path(path).is_file() for path in found[0]["beside"]] == [True, True, True]
    with open_database(open_home(home)) as database, database.read() as connection:
        row = find_work(connection, found[0]["id"])
    assert row is not None
    assert row.recipe is not None
    recipe = Recipe.from_dict(row.recipe)
    assert (recipe.brief, recipe.seed, recipe.parameters["top_p"]) == ("To be", 5, 0.9)
    assert recipe.licence == row.licence != "unknown"


def test_several_at_once(run: Any) -> None:
    code, out, _err = run("create", "text", "-m", "mine", "--tokens", 12, "-n", 3, "-o", "texts", "--json")
    works = json.loads(out)["works"]
    assert code == 0
    assert [work["seed"] for work in works] == [0, 1, 2]
    assert len({Path(work["path"]).read_text(encoding="utf-8")[:12] for work in works}) == 3
    assert run("create", "text", "-m", "mine", "--tokens", 12, "-n", 2, "-o", "one.txt")[0] == 2


def test_stop_and_likeliest(run: Any) -> None:
    command = ("create", "text", "The", "-m", "mine", "--temperature", 0, "--tokens", 60, "--json")
    whole = json.loads(run(*command, "-o", "a.txt")[1])
    text = Path(whole["path"]).read_text(encoding="utf-8")
    letter = text[10]
    stopped = json.loads(run(*command, "--stop", letter, "-o", "b.txt")[1])
    assert stopped["ended"] == "stop"
    written = Path(stopped["path"]).read_text(encoding="utf-8").rsplit("\n\n", 1)[0]
    assert text.startswith(written) and letter not in written.removeprefix("The")


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["x" * 200, "-m", "mine"], "tokens"),
        (["a\udcff", "-m", "mine"], "half a character"),
        (["a", "-m", "mine", "--system", "be kind"], "--system"),
        (["a", "-m", "garments"], "writes no text"),
        (["a", "-m", "nobody"], "no model"),
        (["a", "-m", "mine", "--format", "png"], "format"),
        (["a", "-m", "mine", "--top-p", "0"], "top_p"),
        (["a", "-m", "mine", "--stop", ""], "stop strings"),
        (["a"], "--model"),
    ],
)
def test_bad_input_is_one_sentence(run: Any, arguments: list[str], what: str) -> None:
    code, out, err = run("create", "text", *arguments)
    assert code == 2
    assert what in err
    assert "Traceback" not in out + err
    assert out == ""  # what is refused isn't shown first
    assert not list(Path().iterdir())


def test_a_chat_model_answers(run: Any, home: Path) -> None:
    folder = home / "models/talker"
    shutil.copytree(home / "models/mine", folder, dirs_exist_ok=True)
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    code, out, _err = run("create", "text", "Speak", "-m", "talker", "--system", "Be", "--tokens", 9, "-o", "a.txt")
    assert code == 0
    assert "Speak" not in Path("a.txt").read_text(encoding="utf-8")
    code, out, _err = run("create", "text", "Speak", "-m", "talker", "--raw", "--tokens", 9, "-o", "b.txt")
    assert out.startswith("Speak")
    (folder / "chat_template.jinja").write_text("{{ raise_exception('no') }}")
    code, _out, err = run("create", "text", "Speak", "-m", "talker")
    assert code == 2
    assert "chat template" in err
    shutil.rmtree(folder)


def test_from_python(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUOKUAN_HOME", str(home))
    work = luokuan.create.text("Now", model="mine", seed=3, max_tokens=8, temperature=0.5)
    assert work.kind == "text"
    assert work.data.startswith(b"Now")
    assert set(work.sidecars) == {".c2pa", ".aigc.json"}


def test_a_hub_folder_of_another_maker(run: Any, home: Path) -> None:
    """A folder as transformers writes it: no family, no training record, a card with a licence."""
    folder = home / "other"
    shutil.copytree(home / "models/mine", folder, dirs_exist_ok=True)
    config = json.loads((folder / "config.json").read_text())
    for key in ("family", "schema"):
        config.pop(key)
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "training.json").unlink()
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n# Other\n")
    code, _out, _err = run("create", "text", "A", "-m", folder, "--tokens", 5, "--json", "-o", "a.txt")
    assert code == 0
    found = json.loads(run("verify", "a.txt", "--json")[1])
    assert (found["verdict"], found["licence"], found["model"]) == ("ours", "Apache-2.0", "other")
    shutil.rmtree(folder)


def test_the_watermark_is_heard_here_and_nowhere_else(run: Any, home: Path, tmp_path: Path) -> None:
    # A hardly trained model has much choice, and so room for the mark.
    command = ("create", "text", "A", "-m", "mine", "--tokens", 150, "--json", "--temperature", 1, "--format", "md")
    assert run(*command, "-o", "marked.md")[0] == run(*command, "--no-watermark", "-o", "plain.md")[0] == 0
    marked, plain = (json.loads(run("verify", f"{name}.md", "--json")[1]) for name in ("marked", "plain"))
    assert marked["watermark"]["marked"]
    assert marked["watermark"]["tokens"] >= 50
    assert any("watermark" in sentence for sentence in marked["evidence"])
    assert not plain["watermark"]["marked"]
    words = Path("marked.md").read_text(encoding="utf-8").split("---\n\n")[1].rsplit("\n\n", 1)[0]
    Path("copied.txt").write_text(words, encoding="utf-8")
    code, out, _err = run("verify", "copied.txt", "--json")
    assert (code, json.loads(out)["verdict"]) == (1, "ours_stripped")
    other = tmp_path / "other"
    code, out, _err = run("create", "text", "A", "-m", home / "models/mine", "--home", other, "--json", "-o", "o.txt")
    assert code == 0
    found = json.loads(run("verify", "copied.txt", "--json", "--home", other)[1])
    assert found["verdict"] == "nothing_found"


def test_what_stands_in_the_training_text_is_told(run: Any, home: Path, tmp_path: Path) -> None:
    command = ("create", "text", "-m", "parrot", "--tokens", 150, "--seed", 1, "--temperature", 1, "--no-watermark")
    shutil.copytree(home / "models/mine", home / "models/parrot")
    code, out, _err = run(*command, "-o", "a.json", "--json")
    found = json.loads(out)
    assert (code, found["shared_words"], found["shared_run"]) == (0, 0, "")
    text = json.loads(Path("a.json").read_text(encoding="utf-8"))["text"].rsplit("\n", 2)[0]
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus/a.txt").write_text(f"{text} {text}", encoding="utf-8")
    seen = ngrams_of(open_texts(tmp_path / "corpus"))
    assert seen is not None
    (home / "models/parrot" / NGRAMS).write_bytes(seen.saved())
    code, out, _err = run(*command, "-o", "b.txt")
    assert code == 0 and "words in a row stand in the training text" in out
    code, out, _err = run(*command, "-o", "c.txt", "--json")
    assert json.loads(out)["shared_words"] >= 12 and json.loads(out)["shared_run"] in text
    (home / "models/parrot" / NGRAMS).write_bytes(b"x")
    code, _out, err = run(*command, "-o", "d.txt")
    assert code == 2 and "can't be read" in err and "Traceback" not in err
    (home / "models/parrot" / NGRAMS).unlink()
    assert json.loads(run(*command, "-o", "e.txt", "--json")[1])["shared_words"] is None
