"""The vocabulary that all workflows share. Standard library, pydantic and rfc8785 only; no I/O, no clock, no randomness."""
