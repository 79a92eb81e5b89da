"""Our own HTTP/1.1 client: connections, pool, parser, request heads and bodies."""
