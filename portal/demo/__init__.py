"""The demo data set: the fact sheet's listings, fictional people, and files that open.  Never used in production."""
