"""Users, and secrets kept for them."""
