"""Doors to models: embedding here, language models beside it.

Every door has a built-in implementation that needs no key and no network once it is set up, and
says in words why it cannot be had when it cannot.
"""
