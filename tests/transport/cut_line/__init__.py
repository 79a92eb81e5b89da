"""Two hosts as network namespaces, and a line between them that can be cut."""
