"""Journal of a job: an SQLite file that records each step before it is taken, and all statements on it."""
