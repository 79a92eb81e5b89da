"""Tests of the sandbox server, by aiohttp's own client: independent of ours."""
