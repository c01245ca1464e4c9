"""What `make bench` measures: each module has a `main()` that prints its figures as ratios."""
