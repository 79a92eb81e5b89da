"""Jobs on many machines, over NATS JetStream.

- `server` — a nats-server of this package; `background` — one that outlives its command;
  `certificate` — its certificate; `exec_with_parent` — lets it end with its parent.
- `address`, `handshake`, `connection` — the connection to it; `nats_types` — the parts of nats-py in use.
- `table`, `objects` — tables changed by compare-and-set, and an object store.
- `lease` — entries of a table with one owner at a time.
"""
