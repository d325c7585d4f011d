"""okta-jwt-verifier with our own way of fetching keys. Imported at its first use: it takes half a second and 40 MB."""

from __future__ import annotations

from typing import Any

from acachecontrol.cache import AsyncCache  # type: ignore[import-untyped]
from okta_jwt_verifier import IDTokenVerifier, JWTUtils  # type: ignore[import-untyped]
from okta_jwt_verifier.exceptions import (  # type: ignore[import-untyped]
    JWTInvalidConfigException as JWTInvalidConfigException,
)
from okta_jwt_verifier.exceptions import JWTValidationException
from okta_jwt_verifier.request_executor import RequestExecutor  # type: ignore[import-untyped]

from bot.signin.keyring import Fetched, KeyRing, KeysUnavailable

CLAIMS = ("iss", "aud", "exp", "iat")


class RingExecutor(RequestExecutor):  # type: ignore[misc]
    """Gives the library keys out of the ring, for one check. ``failure`` remembers an outage that the library garbles."""

    def __init__(self, ring: KeyRing) -> None:
        # A cache of its own: the library's is a default argument, and so one for the whole process.
        super().__init__(max_retries=1, max_requests=10, request_timeout=30, cache_controller=AsyncCache())
        self._ring = ring
        self._unknown = False
        self.failure: KeysUnavailable | None = None
        self.served: Fetched | None = None

    async def get(self, uri: str, **params: Any) -> dict[str, Any]:
        """The keys at the address that the library worked out; another one than the ring's is a defect."""
        if uri != self._ring.url:
            self.failure = KeysUnavailable("the library looks for the keys elsewhere")
            raise self.failure
        try:
            self.served = await self._ring.keys(unknown_key=self._unknown)
        except KeysUnavailable as failure:
            self.failure = failure
            raise
        return {"keys": list(self.served.keys.values())}

    def get_sync(self, uri: str, **params: Any) -> dict[str, Any]:
        """Never used: it would block the loop."""
        raise JWTValidationException("only the asynchronous check is used")

    def clear_cache(self) -> None:
        """The library saw an unknown key id: the next answer shall be fresh."""
        self._unknown = True
        super().clear_cache()


async def verified(
    token: str, issuer: str, client: str, nonce: str, leeway: int, ring: KeyRing
) -> tuple[dict[str, Any], dict[str, Any], Fetched]:
    """The header and the claims of a token after the library's checks, and the keys it was checked with.

    Raises KeysUnavailable where the keys could not be had, ValueError for a token that the library refuses.
    """
    executor = RingExecutor(ring)
    verifier = IDTokenVerifier(
        issuer=issuer,
        client_id=client,
        audience=client,
        request_executor=lambda **_: executor,
        # In code, because LEEWAY and the others, as documented, are text in the environment and stop the constructor.
        leeway=leeway,
        max_retries=1,
        max_requests=10,
        request_timeout=30,
    )
    try:
        await verifier.verify(token, claims_to_verify=CLAIMS, nonce=nonce)
        header, claims, _, _ = JWTUtils.parse_token(token)
    except JWTValidationException as error:
        if executor.failure is not None:
            raise executor.failure from error
        raise ValueError(str(error)) from error
    if executor.served is None:
        raise ValueError("the library looked at no key")
    return header, claims, executor.served
