"""Inside an EKS cluster, through its own API: pods, nodes and bindings. D9 of the catalogue."""
