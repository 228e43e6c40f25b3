"""SQLite, where threads of one process write one after the other in a line (`base.py`)."""
