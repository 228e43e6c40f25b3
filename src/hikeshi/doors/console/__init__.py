"""The console's door: pages by noun. Each view reads, calls one verb, and answers."""
