"""Two hosts as network namespaces, and a link between them that can be cut."""
