"""A Mandarin voice that joins recorded syllables: readings, pinyin and sandhi, melody, and the joining itself."""
