"""The floor everything stands on: database, permissions, audit trail, files, jobs, time, pages."""
