"""CoreData without I/O: which collections there are, what a request says, how a reply is read."""
