"""Outside time: tokens of an RFC 3161 authority, judged before anything relies on them."""

from bot.stamping.authority import Authority, AuthorityAway, open_authority
from bot.stamping.token import AuthorityUnusable, Stamped, TokenRefused, trusted_authority

__all__ = [
    "Authority",
    "AuthorityAway",
    "AuthorityUnusable",
    "Stamped",
    "TokenRefused",
    "open_authority",
    "trusted_authority",
]
