"""Email: rows written with the change that causes them, rendered once, sent by a job, never sent twice blindly."""
