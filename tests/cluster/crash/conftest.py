"""The tests in this directory are not collected without nats-py, which they watch."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("nats") else ["test_every_write.py"]
