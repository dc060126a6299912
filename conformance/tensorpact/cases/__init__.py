"""What is tried: cases as values, the axes they are made of, and how they come to life."""
