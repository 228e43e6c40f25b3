"""Instances: protection, scaling groups, balancers, metadata, sessions, and what is done inside the host. Section B of the catalogue."""
