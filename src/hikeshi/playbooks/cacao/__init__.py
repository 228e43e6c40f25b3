"""CACAO Security Playbooks v2.0 (OASIS, Committee Specification 01): the form in which playbooks go to and come from other systems.

`exporting.py` writes, `importing.py` reads what we wrote and, through `foreign.py`, what others wrote; `stix.py` turns conditions into
the comparisons of STIX patterns and back; `signing.py` signs and verifies. docs/cacao.md says what becomes of what.
"""
