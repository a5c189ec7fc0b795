"""The API does what its document says: calls of every kind, by everybody who may call or may not."""
