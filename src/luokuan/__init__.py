"""Luokuan (落款): train generative models on material you own; every work carries its colophon."""

__version__ = "0.1.0"
