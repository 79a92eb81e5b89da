"""Entry point of `python -m coredata_async`, which is the command `coredata`."""

from coredata_async.cli import main

main()
