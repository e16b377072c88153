"""jid.yaml as YAML: a tree with lines, its scalars, and the grammar of each field."""
