"""What people can ask of their own data, and what is deleted when: copies, closed accounts, the end of keeping."""
