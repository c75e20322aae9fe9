"""GANs of text: the game is played in the latents of a VAE of sentences, whose decoder writes."""
