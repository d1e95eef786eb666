"""`python -m portal` is the console script."""

from portal.cli import main

main()
