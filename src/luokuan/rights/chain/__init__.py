"""The chain, off by default: checkpoints, works, licences and sales told to a contract on any EVM chain."""
