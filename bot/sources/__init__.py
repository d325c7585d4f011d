"""Systems that identity data is pulled from, read only: the answers are kept as they came, then read, linked and certified."""
