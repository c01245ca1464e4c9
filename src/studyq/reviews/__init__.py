"""When a card is seen again: scheduling by FSRS, the queue, the log, coverage and statistics."""
