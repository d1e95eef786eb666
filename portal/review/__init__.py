"""Reviewing: who reads which file, their scores against the rubric, and the summary that lists sort by."""
