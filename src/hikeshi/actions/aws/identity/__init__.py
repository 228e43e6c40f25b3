"""Credentials and identity: keys, sessions, users, roles, trust, the organisation. Section C of the catalogue."""
