"""People: sign-in on Flask-Security, memberships (a role in a unit or a listing), and what each may do by them."""
