"""Music as frames of voices: encodings, a VAE with a latent for each segment, its training and measures."""
