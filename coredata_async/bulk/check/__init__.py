"""Comparison of a local tree with the server, and the dry run."""
