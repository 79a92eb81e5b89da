"""Limits that adapt to what the service and its storage accept."""
