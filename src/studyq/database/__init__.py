"""Driver, engine, transactions, column types."""
