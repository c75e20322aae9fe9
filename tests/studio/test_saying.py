"""Refusals in the words of the studio: fields for options, pages for commands."""

from __future__ import annotations

import ast
import io
import re
from importlib.util import find_spec
from pathlib import Path

import pytest
from people import Place, keep_row
from PIL import Image

import luokuan.create
from luokuan.create.effects.orders import Order, check_toward
from luokuan.errors import UserError
from luokuan.i18n import speaking
from luokuan.store import claims
from luokuan.store.blobs import Blobs
from luokuan.studio import offering
from luokuan.studio.jobs.kinds import kinds
from luokuan.studio.jobs.references import keep_input
from luokuan.studio.jobs.worker import Settings, Worker
from luokuan.studio.saying import here

OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
MODULES = {
    "create.clip": ("clips",),
    "create.copy": ("chinesecopy", "copies", "slotcopy"),
    "create.effect": ("effects/backdrops", "effects/cutting", "effects/drafts", "effects/orders"),
    "create.image": ("pictures", "understanding", "upscale"),
    "create.music": ("pieces", "songs"),
    "create.presenter": ("presenters/orders", "presenters/portraits"),
    "create.sentences": ("latenttexts",),
    "create.sound": ("sounds",),
    "create.speech": ("speeches",),
    "create.text": ("texts",),
    "create.translation": ("translations",),
    "create.verse": ("verses",),
}
"""Where what a kind's form is refused for is said."""
ELSEWHERE = {"create.music": {"--soundfont"}}
"""Options without a field, of which a job can't be refused."""


def said(error: UserError, kind: str = "") -> str:
    found = here(error, kind)
    assert (found.code, found.status) == (error.code, error.status)
    return f"{found.what} {found.do}"


def refused(*arguments: object, **options: object) -> UserError:
    with pytest.raises(UserError) as caught:
        check_toward(*arguments, **options)  # type: ignore[arg-type]
    return caught.value


def words_in(module: str) -> str:
    """All texts in the module's code, without docstrings and whole commands."""
    assert luokuan.create.__file__ is not None
    tree = ast.parse((Path(luokuan.create.__file__).parent / f"{module}.py").read_text(encoding="utf-8"))
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in docs)
    return " ".join(re.sub("`[^`]*`", "", node.value) for node in texts if isinstance(node.value, str))


@pytest.mark.parametrize("kind", MODULES)
def test_every_option_that_a_kind_is_refused_for_has_a_field(kind: str) -> None:
    found = {option for module in MODULES[kind] for option in OPTION.findall(words_in(module))}
    left = {option for option in found if said(UserError(option, "", code="x"), kind).strip() == option}
    assert found and left == ELSEWHERE.get(kind, set())


def test_each_kind_of_work_is_known() -> None:
    making = {name for name in kinds() if name.startswith("create.")}
    assert set(MODULES) <= making
    for kind in making:
        assert said(UserError("--seed", "", code="x"), kind) != "--seed ", kind


@pytest.mark.parametrize(
    ("error", "kind", "wanted"),
    [
        (refused("morph", None, None), "create.effect", "Give the other one with 'The other picture'."),
        (refused("zoom", None, None, "", (0, 0, 1, 1)), "create.effect", "'What stays' has no say with zoom."),
        (UserError("x", "Give it with --like.", code="c"), "create.sentences", "x Give it with 'A sentence'."),
        (UserError("x", "Give a text, or --input FILE.", code="c"), "create.translation",
         "x Give a text, or 'A text of the library'."),
        (UserError("--top-p, --x", "", code="c"), "create.text", "'Their probability', --x "),
        (UserError("a--count", "`luokuan x --count 3`", code="c"), "create.image", "a--count `luokuan x --count 3`"),
        (UserError("--count", "", code="c"), "train.gan", "--count "),
        (UserError("--count", "", code="c"), "", "--count "),
        (UserError("`luokuan models show x` tells.", "", code="c"), "", "The page 'Models' tells. "),
        (UserError("x", "Train one with `luokuan train upscaler`, or leave it.", code="c"), "",
         "x Train one on the page 'Train', or leave it."),
        (UserError("x", "See `luokuan trainer` and `luokuan rights names list`.", code="c"), "",
         "x See `luokuan trainer` and `luokuan rights names list`."),
        (UserError("x", "Say why with --reason.", code="order.reason"), "", "x Say why in the field 'Why'."),
        (UserError("x", "Try another.", code="order.reason"), "", "x Try another."),
    ],
)  # fmt: skip
def test_fields_stand_for_options_and_pages_for_commands(error: UserError, kind: str, wanted: str) -> None:
    assert wanted in said(error, kind)
    found = here(error, kind)
    assert here(found, kind) is found, "said once more, nothing changes"


def test_the_fields_are_called_as_in_the_readers_form() -> None:
    with speaking("zh_CN"):
        with pytest.raises(UserError) as caught:
            Order("background", inside=(0.5, 0.5, 0.9, 0.9))
        told = said(caught.value, "create.effect")
    assert "--inside" in caught.value.what and "--" not in told and "What stays" not in told


def test_chinese_marks_stand_without_spaces(monkeypatch: pytest.MonkeyPatch) -> None:
    chinese = {"'{name}'": "“{name}”", "the page '{page}'": "“{page}”页面", "on the page '{page}'": "“{page}”页面"}
    monkeypatch.setattr("luokuan.studio.saying._", lambda text, **values: chinese.get(text, text).format(**values))
    error = UserError("请用 --count 说明。", "见 `luokuan models list`，或用 `luokuan train gan` 训练。", code="c")
    assert said(error, "create.image") == "请用“How many”说明。 见“Models”页面，或用“Train”页面训练。"


def test_forms_and_programs_are_told_of_fields(place: Place) -> None:
    ada = place.account("ada")
    browser = place.stranger().login("ada")
    picture = keep_row(place.database, ada, blob_sha256=Blobs(place.home).put(b"any picture"))
    browser.get("/create/effect")
    page = browser.post("/create/effect", {"key": "k", "file": f"work:{picture.id}", "effect": "morph"})
    assert page.status_code == 400 and "with &#39;The other picture&#39;" in page.text and "--toward" not in page.text
    answer = place.stranger().client.post(
        "/api/jobs",
        headers=place.key(ada, scopes=("create",)),
        json={"kind": "create.effect", "brief": {"file": f"work:{picture.id}", "effect": "background"}},
    )
    assert answer.status_code == 400 and answer.json()["error"]["code"] == "create.option"
    do = "Give a picture with 'The other picture', or a colour or a place with 'Background'."
    assert answer.json()["error"]["do"] == do


@pytest.mark.skipif(find_spec("cv2") is None, reason="OpenCV isn't installed")
def test_a_job_that_failed_tells_of_fields_in_the_language_in_which_it_was_asked_for(place: Place) -> None:
    out = io.BytesIO()
    Image.new("RGB", (64, 64)).save(out, "PNG")
    queue, worker = place.app.state.studio.queue, Worker(place.home, place.database, Settings())
    brief = {"file": keep_input(out.getvalue(), place.home), "effect": "background", "background": "sea"}
    told = {}
    for language in ("en", "zh_CN"):
        with speaking(language):
            asked = queue.submit(place.account(f"ada{language[:2]}").id, "create.effect", brief)
        with place.database.write() as connection:
            mine = claims.claim(connection, worker.name, lease=600)
        assert mine is not None and mine.id == asked.id
        worker.do(mine)
        ended = queue.get(asked.id)
        assert ended.state == "failed" and ended.error["code"] == "effect.subject"
        told[language] = ended.error["do"]
    assert told["en"].startswith("Give 'What stays', a box around") and "--" not in "".join(told.values())
    assert told["zh_CN"] != told["en"]


def test_what_may_not_be_sold_is_told_by_the_fields_of_the_form(place: Place) -> None:
    error = UserError("No.", "`luokuan rights check x` says more; say with --met which.", code="market.permission",
                      status=409)  # fmt: skip
    check = offering.Check("f" * 16, "refused", error=error)
    told = offering.told(check)["error"]
    assert told["code"] == error.code and "'Conditions that I meet'" in told["do"] and "luokuan" not in told["do"]
