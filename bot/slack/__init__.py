"""Slack: who may act, what a press means, what people see, and the one client that talks to Slack."""
