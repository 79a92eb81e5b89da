"""Commands of the resources, generated from their rows."""
