"""What the service measures of itself, in the terms of Prometheus."""
