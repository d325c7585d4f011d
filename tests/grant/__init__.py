"""Granting through the source."""
