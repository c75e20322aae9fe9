"""A chain of a test's own: py-evm behind the JSON-RPC that a node speaks, in this process or over HTTP."""

from __future__ import annotations

import json
from ast import literal_eval
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_tester import EthereumTester, PyEVMBackend
from eth_tester.exceptions import BlockNotFound, TransactionFailed, TransactionNotFound

from luokuan.rights.chain.contract import Artefact, Contract, ours, read_artefact
from luokuan.rights.chain.rpc import Node, Refused
from luokuan.rights.chain.sending import Sent, send

MNEMONIC = "test test test test test test test test test test test junk"
"""Of every chain for tests, anvil among them: no money was ever safe there."""
ATTACKERS = Path(__file__).parents[1] / "data/contracts"
CHAIN = 131277322940537
"""What eth-tester calls its chain."""
GAS = 4_000_000


@cache
def accounts() -> tuple[LocalAccount, ...]:
    """The home, a maker, a buyer, a stranger."""
    Account.enable_unaudited_hdwallet_features()
    return tuple(Account.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{i}") for i in range(4))


class Chain(Node):
    """A chain, and a node of it in this process. ``said``: what ``ask`` answers instead, by method."""

    def __init__(self) -> None:
        super().__init__("http://chain.test")
        self.tester = EthereumTester(PyEVMBackend.from_mnemonic(MNEMONIC, num_accounts=4, hd_path="m/44'/60'/0'/0"))
        self.said: dict[str, Any] = {}
        self._lock = Lock()

    def ask(self, method: str, *parameters: Any) -> Any:
        with self._lock:
            if method in self.said:
                return self.said[method]
            return getattr(self, f"_{method}")(*parameters)

    def mine(self, count: int = 1) -> None:
        """Empty blocks."""
        self.tester.mine_blocks(count)

    def _eth_chainId(self) -> str:
        return hex(CHAIN)

    def _eth_blockNumber(self) -> str:
        return hex(self.tester.get_block_by_number("latest")["number"])

    def _eth_getBlockByNumber(self, number: str, _full: bool) -> dict[str, Any] | None:
        try:
            found = self.tester.get_block_by_number(number if number == "latest" else int(number, 16))
        except BlockNotFound:
            return None
        return {"number": hex(found["number"]), "hash": found["hash"], "baseFeePerGas": hex(found["base_fee_per_gas"])}

    def _eth_maxPriorityFeePerGas(self) -> str:
        return hex(10**9)

    def _eth_getCode(self, address: str, _block: str) -> str:
        return self.tester.get_code(address)

    def _eth_getBalance(self, address: str, _block: str) -> str:
        return hex(self.tester.get_balance(address))

    def _eth_getTransactionCount(self, address: str, _block: str) -> str:
        return hex(self.tester.get_nonce(address))

    def _eth_call(self, call: dict[str, Any], _block: str = "latest") -> str:
        try:
            return self.tester.call(
                {
                    "from": call.get("from", accounts()[0].address),
                    "to": call.get("to", ""),
                    "data": call["data"],
                    "value": int(call.get("value", "0x0"), 16),
                    "gas": GAS,
                }
            )
        except TransactionFailed as error:
            # What the contract answered comes as Python's text of it, b'...'.
            said = str(error.args[0])
            data = literal_eval(said) if said.startswith(("b'", 'b"')) else b""
            raise Refused("execution reverted", data) from error

    def _eth_estimateGas(self, call: dict[str, Any]) -> str:
        self._eth_call(call)
        return hex(GAS // 2)

    def _eth_sendRawTransaction(self, raw: str) -> str:
        return self.tester.send_raw_transaction(raw)

    def _eth_getTransactionReceipt(self, name: str) -> dict[str, Any] | None:
        try:
            found = self.tester.get_transaction_receipt(name)
        except TransactionNotFound:
            return None
        return {
            "status": hex(found["status"]), "blockNumber": hex(found["block_number"]), "blockHash": found["block_hash"],
            "gasUsed": hex(found["gas_used"]), "contractAddress": found["contract_address"],
        }  # fmt: skip


def deployed(
    node: Node, owner: LocalAccount, chain: int = CHAIN, artefact: Artefact | None = None, *more: Any
) -> Contract:
    """A new contract, ours or another one."""
    made = artefact or ours()
    sent = send(node, owner, chain, made.creation(*(more if artefact else (str(owner.address),))), to=None)
    return Contract(node, sent.made, chain)


def attacker(name: str) -> Artefact:
    """A contract that means harm."""
    return read_artefact(ATTACKERS / f"{name}.json")


def tell(contract: Contract, account: LocalAccount, name: str, *arguments: Any, value: int = 0) -> Sent:
    """A transaction that calls our contract."""
    data = ours().call(name, *arguments)
    return send(contract.node, account, contract.chain, data, to=contract.address, value=value)


@contextmanager
def over_http(node: Node) -> Iterator[str]:
    """The address of a server that answers as the node does; of one that answers nonsense with a ``Chain`` that says
    bytes."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            try:
                found = node.ask(asked["method"], *asked["params"])
                body: dict[str, Any] = {"result": found}
            except Refused as error:
                found, body = None, {"error": {"code": 3, "message": error.message, "data": "0x" + error.data.hex()}}
            text = found if isinstance(found, bytes) else json.dumps({"jsonrpc": "2.0", "id": 1, **body}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_arguments: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v3/secret-of-the-provider"
        finally:
            server.shutdown()
            thread.join()
