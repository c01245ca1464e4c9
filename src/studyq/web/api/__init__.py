"""The JSON API: one controller a resource."""
