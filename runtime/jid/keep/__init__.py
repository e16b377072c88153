"""The model's process as the server's process keeps it."""
