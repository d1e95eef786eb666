"""Selection: decisions, their letters, and the moment at which people are told."""
