"""Runs of a pipeline that push evidence: who a run is by its token, what it brings, and what it is told."""
