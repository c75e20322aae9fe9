"""Effects: a picture becomes a clip, or a clip another one."""
