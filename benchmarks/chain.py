"""Gas that each action of the contract uses, on py-evm (Prague rules), with the committed bytecode.

    PYTHONPATH=tests/helpers python benchmarks/chain.py [--json]

Gas is counted, not timed: the same contract gives the same figures everywhere. Hashes are drawn from seed 0.
"""

from __future__ import annotations

import json
import random
import sys
from typing import Any

from chains_for_tests import Chain, accounts, tell

from luokuan.rights.chain.contract import Contract, ours
from luokuan.rights.chain.sending import send

ETHER = 10**18


def measure() -> dict[str, int]:
    """Gas by action; the second of each kind where the first one pays for storage that stays."""
    chain, chance = Chain(), random.Random(0)
    home, maker, buyer, later = accounts()
    log, terms = chance.randbytes(32), chance.randbytes(32)
    sent = send(chain, home, chain.number("eth_chainId"), ours().creation(str(home.address)), to=None)
    contract, gas = Contract(chain, sent.made, chain.number("eth_chainId")), {"deploy": sent.gas}

    def act(name: str, account: Any, function: str, *arguments: Any, value: int = 0) -> None:
        gas[name] = tell(contract, account, function, *arguments, value=value).gas

    act("anchor, first of a log", home, "anchor", log, 1, chance.randbytes(32))
    act("anchor, later", home, "anchor", log, 2, chance.randbytes(32))
    tokens = [chance.randbytes(32) for _ in range(2)]
    act("register, no royalty", home, "register", tokens[0], log, 2, maker.address, maker.address, 0)
    act("register, with royalty", home, "register", tokens[1], log, 2, maker.address, maker.address, 500)
    token = int.from_bytes(tokens[1])
    act("license", maker, "license", token, buyer.address, terms, 2**40)
    act("list, first", maker, "list", token, ETHER)
    act("list, another price", maker, "list", token, 2 * ETHER)
    act("unlist", maker, "unlist", token)
    tell(contract, maker, "list", token, ETHER)
    act("buy, from the maker", buyer, "buy", token, ETHER, 3, value=ETHER)
    tell(contract, buyer, "list", token, ETHER)
    act("buy, from a later owner", later, "buy", token, ETHER, 4, value=ETHER)
    act("withdraw", maker, "withdraw", maker.address)
    act("pause", home, "pause")
    return gas


def main() -> int:
    """Print a table, or JSON."""
    gas = measure()
    if "--json" in sys.argv:
        print(json.dumps(gas))
        return 0
    print("| action | gas |\n| --- | --- |")
    for name, used in gas.items():
        print(f"| {name} | {used:,} |")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
