"""Type hints of run(): read, described in JSON Schema, checked."""
