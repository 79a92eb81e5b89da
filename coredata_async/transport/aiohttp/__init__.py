"""The exchange over aiohttp: requests, bodies, connectors and errors."""
