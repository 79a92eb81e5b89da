"""One execution of a job, from the open journal to its report."""
