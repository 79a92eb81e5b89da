"""Services of a client: the verbs of each resource's row, and operations that only it has."""
