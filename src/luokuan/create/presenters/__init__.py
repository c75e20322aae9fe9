"""The virtual presenter: a portrait that reads a text, from the times of the sounds of its speech."""
