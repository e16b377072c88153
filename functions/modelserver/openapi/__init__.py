"""The server's own description, OpenAPI 3.1, made from the routes and the table of errors."""
