"""Jobs: a queue in the home's database, worked off by child processes.

``queue.py`` is what a server calls, ``supervisor.py`` starts the workers (``worker.py``), ``handlers/`` holds the kinds
of work, one file each.
"""
