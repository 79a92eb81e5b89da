"""Folders and Files on the server: listings, lookups, and protection against duplicates."""
