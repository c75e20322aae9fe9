"""Voices of one's own: a text-to-speech model after VITS, small enough to be trained on a CPU."""
