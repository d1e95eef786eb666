"""Letters of recommendation: who is asked, what a writer sends, and who may read it."""
