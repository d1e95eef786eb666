"""Endorsements: a named person confirms a part of an application by a link, or declines, before it is submitted."""
