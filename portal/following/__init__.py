"""Following: listings and searches that somebody keeps, and the mail that tells them when one opens."""
