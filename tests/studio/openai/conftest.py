"""One real studio with tiny models for all tests of `/v1`, and the official client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest
from openai import OpenAI
from openai_for_tests import EVERYTHING, LETTERS, V1, writer
from people import make_account
from priors_for_tests import save_prior
from serving import served
from textvaes import save_text_vae

from luokuan.models.plm.layout import TEMPLATE
from luokuan.store.database import open_database
from luokuan.store.home import open_home
from luokuan.studio import people


@pytest.fixture(scope="session")
def v1(tmp_path_factory: pytest.TempPathFactory) -> Iterator[V1]:
    """The studio."""
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("LUOKUAN_LANG", "en")
        home = open_home(tmp_path_factory.mktemp("v1") / "home")
        writer(home.models / "scribe")
        writer(home.models / "talker", template=TEMPLATE)
        writer(home.models / "ender", letters=LETTERS + '{}":,', ends=True)
        save_prior(home.models)
        save_text_vae(home.models / "lines")
        database = stack.enter_context(open_database(home))
        accounts = {name: make_account(database, name, role) for name, role in
                    (("ada", "maker"), ("bob", "maker"), ("eve", "viewer"))}  # fmt: skip
        keys = {}
        for name, row in accounts.items():
            scopes = EVERYTHING if row.role == "maker" else ("models:read",)
            at = datetime.now(UTC)
            keys[name] = people.make_key(database, row, "test", at, role=row.role, scopes=scopes, address="test")[1]
        log = home.path.parent / "log"
        variables = {"LUOKUAN_LANG": "en", "OMP_NUM_THREADS": "1"}  # on a busy machine threads wait for one another
        said, _process = stack.enter_context(served("--home", str(home.path), log=log, **variables))
        yield V1(said["address"], home, database, accounts, keys)


@pytest.fixture
def client(v1: V1) -> OpenAI:
    """The official client, as ada."""
    return v1.client()
