"""Applications: drafts, answers, documents, submission, and the one table of steps that a file goes through."""
