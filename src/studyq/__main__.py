"""`python -m studyq` is `studyq`."""

from studyq.cli import main

main(prog_name="studyq")
