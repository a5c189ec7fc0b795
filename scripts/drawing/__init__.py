"""How `scripts/demo_pictures.py` draws the demo shop's products."""
