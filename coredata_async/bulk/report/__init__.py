"""What a job came to."""
