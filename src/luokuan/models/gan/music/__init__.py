"""GANs of music: the game is played with frames of symbols, made discrete by a straight-through gradient."""
