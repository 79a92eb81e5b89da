"""Questions that `coredata doctor` asks a server, one module per subject."""
