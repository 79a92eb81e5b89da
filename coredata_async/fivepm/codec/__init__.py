"""Encoding of requests and decoding of replies: bytes to trees to models, without I/O."""
