"""The picture codec: a VAE whose latents or tokens the other families model."""
