"""`luokuan market`: from a work to a delivered copy and back, and what is refused."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from market_for_tests import MET, TALE, offered, unchecked, written
from people import keep_row, make_account
from projects_for_tests import values

from luokuan.cli.main import main
from luokuan.rights.guard import now_utc
from luokuan.rights.market import orders
from luokuan.store.database import open_database
from luokuan.store.home import open_home


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a command in this test's home; returns (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> tuple[int, str, str]:
        code = main([str(a) for a in arguments])
        out, err = capfd.readouterr()
        return code, out, err

    return call


def test_the_whole_way(run: Any) -> None:
    assert run("market", "listings")[1] == "Nothing is offered.\n"
    assert run("market", "orders")[1] == "There are no orders.\n"
    assert run("market", "grants")[1] == "No licences were granted.\n"
    work = written(open_home(), TALE).id
    met = [part for one in MET for part in ("--met", one)]
    price = ("--price", "1.250", "--currency", "kwd", "--title", "A tale")
    code, out, err = run("market", "publish", work, *price, *met)
    assert code == 0 and "1.250 KWD" in out, err
    (listing,) = json.loads(run("market", "listings", "--json")[1])["listings"]
    assert listing["terms"]["price"] == {"minor": 1250, "currency": "KWD"}
    assert "A tale" in run("market", "listings", "--search", "TALE")[1]
    assert run("market", "listings", "--search", "dress")[1] == "Nothing is offered.\n"
    assert run("market", "buyer", "Bo")[0] == 0
    code, out, _err = run("market", "order", listing["id"], "--buyer", "bo", "--licensee", "Bo Ltd", "--json")
    order = json.loads(out)
    assert (code, order["state"]) == (0, "placed")
    code, out, _err = run("market", "pay", order["id"])
    assert code == 0 and "delivered" in out and "Bo Ltd" in out
    assert run("market", "pay", order["id"])[0] == 2, "once is enough"
    (licence,) = json.loads(run("market", "grants", "--order", order["id"], "--json")[1])["grants"]
    assert "holds" in run("market", "grants")[1]
    assert run("market", "deliver", order["id"], "-o", "bought.zip")[0] == 0
    names = zipfile.ZipFile("bought.zip").namelist()
    assert any(name.startswith(f"licence-{licence['id']}") for name in names)
    out = run("market", "statement")[1]
    assert out.splitlines()[1].endswith(f"sale,{order['id']},1.250,KWD,1.250")
    assert run("market", "statement", "--receipts", "-o", "books.csv")[0] == 0
    assert Path("books.csv").read_text().startswith("date,amount,currency,reference\n")
    assert run("market", "statement", "-o", "books.txt")[0] == 0 and "1.250 KWD" in Path("books.txt").read_text()
    assert json.loads(run("market", "statement", "--json")[1])["after"] == {"KWD": 1250}
    assert run("market", "reconcile")[1].endswith("Books and licences agree.\n")
    assert "refunded" in run("market", "refund", order["id"], "--reason", "a mistake")[1]
    assert "has ended" in run("market", "grants")[1]
    assert run("market", "withdraw", listing["id"])[0] == 0
    assert "withdrawn" in run("market", "listings", "--all")[1]
    assert json.loads(run("market", "erase-buyer", "bo", "--json")[1]) == {"erased": "bo", "orders": 1}
    found = json.loads(run("market", "reconcile", "--json")[1])
    assert found["agrees"] and found["differences"] == []
    assert "–" in run("market", "orders")[1]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("publish", "f" * 16, "--price", "5", "--currency", "EUR", "--title", "x"), "work.unknown"),
        (("publish", "f" * 16, "--price", "NaN", "--currency", "EUR", "--title", "x"), "money.amount"),
        (("publish", "f" * 16, "--price", "5", "--currency", "XXX", "--title", "x"), "money.currency"),
        (("publish", "f" * 16, "--price", "5", "--currency", "EUR", "--title", "x", "--terms", "free"), "terms.preset"),
        (("withdraw", "f" * 16), "market.listing"),
        (("order", "f" * 16, "--buyer", "nobody"), "account.missing"),
        (("pay", "f" * 16), "order.missing"),
        (("deliver", "../../etc"), "order.missing"),
        (("refund", "f" * 16, "--reason", "r"), "order.missing"),
        (("statement", "--seller", "nobody"), "account.missing"),
        (("statement", "-o", "books.exe"), "statement.format"),
        (("buyer", "a b"), "account.name"),
        (("erase-buyer", "nobody"), "account.missing"),
    ],
)
def test_what_is_refused(run: Any, arguments: tuple[str, ...], code: str) -> None:
    exit_code, out, _err = run("market", *arguments, "--json")
    assert (exit_code, json.loads(out)["error"]["code"]) == (2, code)


def test_fee_payouts_and_revenue(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    home = open_home()
    unchecked(monkeypatch)
    with open_database(home) as store:
        ann, bo = make_account(store, "ann"), make_account(store, "bo")
        work = keep_row(store, ann, model_name="garments")
        listing = offered(home, work.id, person=ann, shared=store)
    assert run("appraisal", "revenue")[1] == "Nothing stands in the books yet.\n"
    assert json.loads(run("market", "fee", "--json")[1]) == {"fee": 0}
    assert "10.5 %" in run("market", "fee", "10.5")[1]
    for wrong in ("91", "NaN", "1e9", "0.001", "101"):
        assert run("market", "fee", wrong)[0] == 2, wrong
    orders.pay(orders.place(listing.id, bo, home).id, home)
    given = ("--currency", "EUR", "--reason", "November")
    assert run("market", "payouts")[1] == "Nothing was paid out.\n"
    assert run("market", "payout", "ann", "5", *given)[0] == 0
    for wrong in (("ann", "500"), ("nobody", "5"), ("ann", "0"), ("ann", "NaN"), ("house", "2")):
        assert run("market", "payout", *wrong, *given)[0] == 2, wrong
    (told,) = json.loads(run("market", "payouts", "--json")[1])["payouts"]
    assert (told["amount"], told["reason"], told["taken_back"], told["party"]) == (500, "November", False, ann.id)
    assert run("market", "payout-undo", told["id"])[1] == "Taken back.\n"
    assert "before" in run("market", "payout-undo", told["id"])[1] and run("market", "payout-undo", "x")[0] == 2
    assert "taken back" in run("market", "payouts")[1]
    assert "fee," in run("market", "statement")[1] and "1.31" in run("market", "statement")[1]
    found = json.loads(run("appraisal", "revenue", "--json")[1])
    assert [(row["name"], row["amount"], row["sales"]) for row in found["models"]] == [("garments", 1119, 1)]
    assert [one["amount"] for one in found["fees"]] == [131] and found["works"][0]["name"] == work.id
    assert "11.19 EUR" in run("appraisal", "revenue", "--items")[1]
    month = f"{now_utc():%Y-%m}"
    stated = values(models=["garments"], start=month, actuals=[{"month": month, "cost": 5, "source": "ledger"}])
    Path("p.yaml").write_text(yaml.safe_dump(stated, allow_unicode=True))
    assert run("appraisal", "report", "p.yaml", "-o", "p.html", "--paths", "200")[0] == 0
    page = Path("p.html").read_text()
    assert "Revenue by the market" in page and f"{work.id}: 11.19 EUR" in page and "revenue by the market" in page
