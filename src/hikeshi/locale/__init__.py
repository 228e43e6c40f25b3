"""Translations. English is in the code; the Japanese catalogue is compiled by `compile.py`."""
