"""Jobs over several processes: the same promises, and the same report."""
