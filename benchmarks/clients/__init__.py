"""Clients for the three steps: ours, and others as a competent user would write them."""
