"""The pdf-ingestion job: from an original to a searchable document."""
