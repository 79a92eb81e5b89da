"""The only client-side aiohttp, and what surrounds it: each concern is one `Send -> Send` in one file."""
