"""A stand-in for the Cloud Build API on one machine, for tests and for trying things out.

It speaks the REST API that the google-cloud-build client (transport="rest") and the gcloud CLI speak, refuses
what Cloud Build is known to refuse, and executes the steps of a build with the real Docker engine. What it
cannot show: permissions, machine types, the network `cloudbuild`, provenance, queues.
"""
