"""Compile the contracts and write their artefacts (ABI, bytecode, compiler version); --check only compares.

    python scripts/build_contracts.py [--check]

Needs node and npm. The compiler and OpenZeppelin's sources come from npm, in the versions of package-lock.json, into
contracts/node_modules. The same sources give the same bytes: no hash of metadata is compiled in.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "contracts"
WORKS, ATTACKERS = "LuokuanWorks.sol", "attackers/Attackers.sol"
ARTEFACTS = {
    (WORKS, "LuokuanWorks"): ROOT / "src/luokuan/rights/chain/contract.json",
    (ATTACKERS, "Refuser"): ROOT / "tests/data/contracts/refuser.json",
    (ATTACKERS, "Reentrant"): ROOT / "tests/data/contracts/reentrant.json",
}
"""Where each contract's artefact lies, by its source and name."""
SETTINGS = {
    "optimizer": {"enabled": True, "runs": 200},
    # OpenZeppelin copies memory with an instruction of 2024 (EIP-5656); nothing newer is needed.
    "evmVersion": "cancun",
    "metadata": {"appendCBOR": False, "bytecodeHash": "none"},
    "outputSelection": {"*": {"*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"]}},
}


def compiled() -> tuple[str, dict[str, Any]]:
    """The compiler's version, and what it made.

    Raises:
        SystemExit: npm is missing, or the sources don't compile.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise SystemExit("node and npm are needed to compile the contracts")
    if not (SOURCES / "node_modules/solc").is_dir():
        subprocess.run([npm, "ci", "--silent", "--no-audit", "--no-fund"], cwd=SOURCES, check=True)
    sources = {name: {"content": (SOURCES / name).read_text(encoding="utf-8")} for name in (WORKS, ATTACKERS)}
    request = json.dumps({"language": "Solidity", "sources": sources, "settings": SETTINGS})
    done = subprocess.run([node, "compile.cjs"], cwd=SOURCES, input=request, capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout)
    problems = [one["formattedMessage"] for one in answer["output"].get("errors", [])]
    if problems:  # a warning is one, too
        raise SystemExit("\n".join(problems))
    return answer["version"], answer["output"]["contracts"]


def artefacts() -> dict[Path, str]:
    """The text of every artefact, by its file."""
    version, found = compiled()
    texts = {}
    for (source, name), path in ARTEFACTS.items():
        made = found[source][name]
        artefact = {
            "name": name,
            "source": source,
            "compiler": version,
            "settings": {key: value for key, value in SETTINGS.items() if key != "outputSelection"},
            "abi": made["abi"],
            "bytecode": made["evm"]["bytecode"]["object"],
            "runtime": made["evm"]["deployedBytecode"]["object"],
        }
        texts[path] = json.dumps(artefact, indent=1) + "\n"
    return texts


def main() -> int:
    """Write, or compare."""
    check, faults = "--check" in sys.argv, 0
    for path, text in artefacts().items():
        same = path.is_file() and path.read_text(encoding="utf-8") == text
        if check and not same:
            print(f"{path.relative_to(ROOT)} isn't what its source compiles to")
            faults += 1
        elif not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        print(path.relative_to(ROOT), len(json.loads(text)["runtime"]) // 2, "bytes at run time")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
