"""Invisible watermarks that carry a work's id: one module a kind of media, over one code."""
