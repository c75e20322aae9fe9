"""Generative adversarial networks: a generator and a discriminator that play a min-max game."""
