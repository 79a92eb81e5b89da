"""Clients for the three steps: this library, and others as a competent user would write them."""
