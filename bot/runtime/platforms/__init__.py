"""What the runtime does for channels: shared notes, calls held open, reply windows, and what a platform says later."""
