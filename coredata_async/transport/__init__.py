"""HTTP transport: `Send -> Send` functions, our HTTP/1.1 client, and the only client-side aiohttp."""
