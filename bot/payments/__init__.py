"""Payment providers behind one port; the one that ships is a test bank."""
