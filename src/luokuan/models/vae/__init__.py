"""The textbook VAE: one latent vector for a whole item, and a bound on its log-likelihood in nats."""
