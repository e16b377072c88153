"""Readers of what strangers send, fed with bytes that a fuzzer makes of good ones."""
