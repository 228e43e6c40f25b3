"""Data services: storage, databases, functions, containers, keys, trails. Section D of the catalogue."""
