"""How many requests are under way at once, and whether at all."""
