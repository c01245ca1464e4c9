"""Pure text work: readable prose, sentences, sections, chunks, query terms and quotes.

Nothing here touches a database, a PDF or the network; everything is a function of its arguments.
"""
