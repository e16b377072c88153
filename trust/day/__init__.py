"""A working day of a server that is killed again and again, and what has to be so after each start."""
