"""Kinds of jobs: one file each, which registers what it holds."""
