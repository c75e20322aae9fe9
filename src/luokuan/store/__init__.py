"""The home: database, blobs by SHA-256, keys."""
