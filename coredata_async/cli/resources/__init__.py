"""Commands of the resources, made from their rows."""
