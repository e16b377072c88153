"""HTTP as values: bodies and preferences in, answers and events out."""
