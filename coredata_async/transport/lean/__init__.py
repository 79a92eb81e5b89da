"""One exchange without aiohttp: HTTP/1.1 on asyncio's own transports, read by llhttp, for the hot path.

From the inside out: `answers` (bytes to answers, no I/O), `connection` (one transport) with its `clock`,
`opening` (names, TCP, TLS), `connections` (those of one side, kept and handed out), `heads` and `origins`
(what goes out), `sending` (a body), `arriving` and `unpacking` (what comes back), `exchange` (the `Send`).
"""
