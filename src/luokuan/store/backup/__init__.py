"""A whole home in one file, and a home from such a file."""
