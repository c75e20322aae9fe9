"""The pages, one module each: a router whose every route says what it needs."""
