"""Tests over documents: made, taken, graded, and analysed."""
