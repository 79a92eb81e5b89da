"""Fuzzing of all that reads what others wrote. See `__main__` for the coverage-guided runs."""
