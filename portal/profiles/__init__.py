"""Profiles: what people say of themselves once, to fill in their applications at first."""
