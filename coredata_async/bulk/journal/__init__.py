"""The journal of a job: a SQLite file that survives."""
