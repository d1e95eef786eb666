"""What crosses features: people, settings, audit trail, mail log."""
