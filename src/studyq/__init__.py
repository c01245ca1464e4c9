"""studyq turns PDFs into things one can learn from."""

__version__ = "0.1.0"
