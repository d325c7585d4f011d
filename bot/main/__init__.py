"""The composition root: the only place where adapters are built and handed to each other."""

from bot.main.product import Product
from bot.main.storage import our_version

__all__ = ["Product", "our_version"]
