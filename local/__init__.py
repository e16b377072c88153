"""modelserver on one machine: files, SQLite, and Docker or plain processes."""
