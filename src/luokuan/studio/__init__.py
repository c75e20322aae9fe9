"""The studio: a place to train, create, keep and check, for people with a browser and for programs."""
