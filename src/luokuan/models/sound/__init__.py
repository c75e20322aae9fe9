"""Sound effects: a token codec of spectral frames, and a transformer over its tokens that is told a category."""
