"""What is seen: a case is made, called and probed by writes, reads and addresses."""
