"""CoreData without I/O: collections, requests and the reading of responses."""
