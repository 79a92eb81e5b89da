"""Bytes to the storage and back: the upload as a state machine, its driver, replacement and download."""
