"""A fake of every platform: it speaks the documented wire, and refuses what the real one refuses."""
