"""Encoder-decoders that turn one text into another: a transformers architecture, trained here on pairs of sentences."""
