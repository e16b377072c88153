"""A stand-in for Cloud Run's Admin API (v2, REST), whose services are containers of the very images that they name.

As there: a service is refused if it breaks a rule, starts an instance to see whether it answers, has an address of its
own, lets nobody in without an ID token for that address, and has no instance while nobody calls.
"""
