"""Evidence: disks, memory, what the host and the account say. Section E of the catalogue. Nothing here is undone; it is kept."""
