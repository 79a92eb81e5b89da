"""Scan of local trees into batches of entries."""
