"""Language models of music: tokens of three parts, bar by bar, in the order of REMI."""
