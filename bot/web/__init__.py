"""The web: what stands before Slack's requests, the log's public files, health and metrics."""
