"""Documents, their PDFs, pages and chunks."""
