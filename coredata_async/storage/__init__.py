"""Object storage and local files: sources to upload, files to save, and responses of storages."""
