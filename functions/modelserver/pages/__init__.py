"""The HTTP surface as pages: HTML for the person in the browser."""
