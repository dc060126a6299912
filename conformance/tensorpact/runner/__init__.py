"""Judging a backend: batches, the processes that survive them, and the report of it all."""
