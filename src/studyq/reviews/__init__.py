"""Spaced reviews of approved cards: when each is due, what was answered, what has been learnt."""
