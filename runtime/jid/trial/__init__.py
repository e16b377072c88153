"""The examples of a package, run and compared."""
