"""Token prior: a transformer language model over the tokens of a picture codec."""
