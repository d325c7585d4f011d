"""Signed webhooks of pipelines other than GitHub: they ask, and come back for the answer."""
