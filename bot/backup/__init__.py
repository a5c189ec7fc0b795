"""Copies a whole Parley while it serves, and brings it back elsewhere so that it says and does nothing twice."""
