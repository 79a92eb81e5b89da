"""`python -m coredata_async` is the command `coredata`."""

from coredata_async.cli import main

main()
