"""Faults that the sandbox plays: scripts, effects and responses."""
