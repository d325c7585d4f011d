"""Performance claims, each a ratio against a named peer or limit that is measured in the same run. `make bench` runs all."""
