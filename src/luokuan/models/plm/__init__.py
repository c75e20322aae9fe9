"""Pretrained language models: a transformers architecture, trained here from scratch or from another model."""
