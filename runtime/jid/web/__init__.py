"""HTTP: connections, bodies, addresses, answers."""
