"""The house rules, run as tests; each is itself tested with a sample that breaks it."""
