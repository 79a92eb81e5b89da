"""Reports of a run: values, queries, HTML and JSON."""
