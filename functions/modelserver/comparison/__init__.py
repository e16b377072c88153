"""Two packages beside each other: files, configs, schemas, and whether callers of the one can call the other."""
