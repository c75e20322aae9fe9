"""The native HTTP interface: JSON for programs that show an API key."""
