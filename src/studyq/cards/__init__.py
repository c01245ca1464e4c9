"""Flashcards: made from documents, grounded in their pages, approved by people, exported."""
