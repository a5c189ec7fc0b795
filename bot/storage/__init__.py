"""File stores behind one port, and what may be shown of the files that strangers send."""
