"""Voices: text to sound with the time of each word; one module a way of speaking."""
