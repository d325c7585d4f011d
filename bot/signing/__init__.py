"""Keys: the one that signs attestations (ECDSA P-256) and the one that signs checkpoints (Ed25519)."""

from bot.signing.load import load_log_key, load_signer
from bot.signing.public import verify_ed25519, verify_p256

__all__ = ["load_log_key", "load_signer", "verify_ed25519", "verify_p256"]
