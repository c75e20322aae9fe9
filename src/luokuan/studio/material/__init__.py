"""Material that people bring by browser: receiving it, unpacking it safely, looking at it."""
