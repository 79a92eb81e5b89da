"""How many requests are in flight at once, and whether at all."""
