"""The zip format, read with distrust: records, members, and how they lie end to end."""
