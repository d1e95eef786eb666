"""Feeds for machines over the same queries and rules."""
