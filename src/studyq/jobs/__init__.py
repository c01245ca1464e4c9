"""The job layer: durable background work over one table. Knows nothing of PDFs or cards."""
