"""Evidence and the log's copies: exact bytes, written once; in a folder, or locked in an S3 bucket."""

from bot.vault.failure import VaultFailed, VaultUnusable
from bot.vault.file import FileVault
from bot.vault.load import open_vault
from bot.vault.s3 import S3Vault

__all__ = ["FileVault", "S3Vault", "VaultFailed", "VaultUnusable", "open_vault"]
