"""Transfer of files: the upload as a state machine, its driver, replacement and download."""
