"""Why a vault cannot be used, in sentences that say what to do."""

from __future__ import annotations


class VaultUnusable(Exception):
    """The vault cannot be used; the sentence says what to do."""


class VaultFailed(VaultUnusable, OSError):
    """The vault did not take or give something; the sentence says why. What was to be stored is not stored for certain."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""
