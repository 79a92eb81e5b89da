"""How requests are spelt and replies are read: bytes to trees to models, without I/O."""
