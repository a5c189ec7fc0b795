"""What Messenger, Instagram and WhatsApp have in common: one signature, one Graph, one way to fail."""
