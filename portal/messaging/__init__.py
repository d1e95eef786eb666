"""E-mail: rows written with the change that causes them, rendered once, delivered by a job, never sent twice blindly."""
