"""Commands of `coredata 5pm`."""
