"""The API for other sites and programs: /api/v1."""
