"""Rights: what may be done with a work, by whom, and on what conditions."""
