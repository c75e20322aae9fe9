"""`luokuan verify --chain`: what a chain says of files that are checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luokuan.errors import ExitCode, UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.colophon.verdict import Verdict
    from luokuan.store.home import Home


@dataclass(frozen=True, slots=True)
class Chained:
    """What was found about one file: for programs, in sentences, and as an exit code; nothing, where nobody asked."""

    values: dict[str, Any] = field(default_factory=dict)
    says: tuple[str, ...] = ()
    exit_code: int = ExitCode.DONE


def asker(
    url: str | None, contract: str | None, paths: Sequence[Path], place: Home | None
) -> Callable[[Verdict], Chained]:
    """Who asks the chain about each file; the node is asked who it is at once.

    Args:
        url: The node; None: nobody is asked.
        contract: The contract; None: the home's.
        paths: What is checked.
        place: The home; None: there is none.

    Raises:
        UserError: the node can't be asked, the contract isn't ours, or the standard input is to be checked.
    """
    if url is None:
        if contract is not None:
            raise UserError(
                _("A contract is on a chain."), _("Give --chain URL with --contract."), code="verify.contract"
            )
        return lambda _verdict: Chained()
    if Path("-") in paths:
        raise UserError(
            _("No proof lies beside the standard input."), _("Give files with --chain."), code="verify.stdin"
        )
    from luokuan.rights.chain.checking import check
    from luokuan.rights.chain.trading import home_contract

    where = home_contract(url, place, contract, None)

    def ask(verdict: Verdict) -> Chained:
        if verdict.verdict == "unreadable":
            return Chained()
        found = check(verdict.path, where, place)
        code = ExitCode.DONE if found.holds else ExitCode.NOT_SO
        return Chained({"chain": found.to_json()}, (found.says,), code)

    return ask
