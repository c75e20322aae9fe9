"""The colophon: the AI label, the metadata and the signature that every work leaves with, and their verification."""
