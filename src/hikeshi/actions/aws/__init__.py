"""Actions on Amazon Web Services: one file, one action; the table is in `hikeshi/actions/__init__.py`."""
