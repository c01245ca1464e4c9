"""Word index, vector index, fusion."""
