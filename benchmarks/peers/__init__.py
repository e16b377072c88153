"""The same no-op text model for each server: a text in, `hello` and the text out; `big` gives 1 MB."""
