"""The walk over what is to be uploaded."""
