"""The desk: where people decide and state lives. One noun, one folder; only a noun's `verbs.py` writes."""
