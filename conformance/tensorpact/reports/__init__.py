"""What a run reports, and the forms in which that can be read."""
