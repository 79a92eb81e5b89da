"""The far end of a signed URL, and the near one: what stores say, and where bytes to store come from."""
