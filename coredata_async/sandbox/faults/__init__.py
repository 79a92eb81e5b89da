"""Faults of the sandbox: scripts, effects and responses."""
