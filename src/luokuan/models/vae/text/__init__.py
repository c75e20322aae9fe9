"""A VAE of sentences: a transformer reads one into a latent vector, another writes it again."""
