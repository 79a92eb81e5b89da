"""Uploads that are killed with SIGKILL at exact points, and resumed."""
