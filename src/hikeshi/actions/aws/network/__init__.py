"""Cut off: interfaces, subnets, routes and block lists. Section A of the catalogue."""
