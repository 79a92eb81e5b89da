"""Worker processes: pool, channel, and the senders that upload a file."""
