"""Its presence makes the helper modules of this folder importable from the folders below."""
