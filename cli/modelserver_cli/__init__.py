"""The command `modelserver`: a person's and a script's side of the HTTP interface.

It knows the server's rules for IDs and names (`modelserver.tree`, `modelserver.zips`) and nothing else of it.
"""

__version__ = "0.1.0"
