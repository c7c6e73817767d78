"""One person across platforms, their roles, and what each role may do."""
