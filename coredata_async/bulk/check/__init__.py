"""A tree compared with what the server holds."""
