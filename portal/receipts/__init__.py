"""Receipts: what was submitted and when, in a form that its holder can show and anybody can check."""
