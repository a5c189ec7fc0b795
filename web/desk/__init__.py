"""The server side of the desk: its JSON API and its live namespace."""
