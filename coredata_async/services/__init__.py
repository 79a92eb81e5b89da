"""What a client offers for each noun: the verbs of its row, and what only it can do."""
