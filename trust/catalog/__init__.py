"""The catalog over files and SQLite, crashed wherever one of its ports is called, beside a model of its promises."""
