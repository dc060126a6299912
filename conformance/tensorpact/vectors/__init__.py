"""Golden vectors: outcomes derived by hand from the documents, in JSON, judged in every run."""
