"""Rows and the database. Rows never leave this folder; values cross its border."""
