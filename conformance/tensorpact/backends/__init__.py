"""The libraries that can be judged: the adapter protocol, and one small module a library.

Nothing is imported here, so that a library costs nothing until its backend is asked for.
"""
