"""Short clips: tokens of frames by a picture codec, and a transformer over all frames that is told attributes."""
