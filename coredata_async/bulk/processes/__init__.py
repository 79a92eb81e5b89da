"""One job over several processes: one brain, which keeps every promise, and hands, which move the bytes."""
