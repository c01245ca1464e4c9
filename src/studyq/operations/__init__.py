"""Keeping an instance healthy: what is asked of it, and what is done for it."""
