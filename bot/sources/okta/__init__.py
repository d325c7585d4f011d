"""Okta: people, groups, applications and administrator roles, read over its management API."""
