"""What an auditor receives, and how it verifies without us."""
