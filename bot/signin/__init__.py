"""Proof of the person: who answers is signed in at the identity provider, for exactly this decision (CC6.1)."""
