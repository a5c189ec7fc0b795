"""What happened is kept, handled in its turn, and acted on once that is committed; the map is docs/architecture.md."""
