"""The home's transparency log: an append-only Merkle tree of what was made, waived, corrected and withdrawn."""
