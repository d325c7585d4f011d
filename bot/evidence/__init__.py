"""Evidence that somebody brings: what it is, whether it may be kept, and how it comes into the vault and the record."""
