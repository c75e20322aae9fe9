"""Training in the browser: what can be trained, in plain words; runs, their figures and models."""
