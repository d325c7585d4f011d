"""IAM's answers between the wire and values: the exact bytes are kept, and read with AWS's own description of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import boto3
import botocore.loaders
import botocore.parsers
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.model import OperationNotFoundError, ServiceModel

from bot.sources.raw import Entry

Parsed = Mapping[str, Any]


PATIENT = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "max_attempts": 8})

FAILURES = (
    ClientError,
    BotoCoreError,
    botocore.parsers.ResponseParserError,
    KeyError,
    TypeError,
    AttributeError,
    ValueError,
)
"""What a call may raise: refusals, the network, and whatever botocore's parser trips over in an answer that is not AWS's."""


class AnswerBroken(Exception):
    """An answer of AWS cannot be read; the message says which."""


@cache
def _descriptions() -> botocore.loaders.Loader:
    """AWS's own descriptions of its services; reading them costs a second, once."""
    return botocore.loaders.create_loader()


def _session() -> botocore.session.Session:
    session = botocore.session.get_session()
    session.register_component("data_loader", _descriptions())
    return session


def client(name: str, endpoint: str | None) -> Any:
    """A client with the standard AWS credentials, read anew: they may have been renewed. Raises BotoCoreError."""
    session = boto3.Session(botocore_session=_session())
    region = session.region_name or "us-east-1"
    return session.client(name, region_name=region, endpoint_url=endpoint, config=PATIENT)  # type: ignore[call-overload]


@cache
def _service() -> tuple[ServiceModel, botocore.parsers.ResponseParser]:
    model = _session().get_service_model("iam")
    return model, botocore.parsers.create_parser(model.resolved_protocol)


def parsed(entry: Entry) -> Parsed:
    """An answer of 200 as values. Raises AnswerBroken."""
    model, parser = _service()
    operation = entry.url.rpartition(":")[2]
    try:
        shape = model.operation_model(operation).output_shape
        assert shape is not None  # noqa: S101 - every call that is read has an answer
        found: Parsed = parser.parse({"body": entry.body, "headers": dict(entry.headers), "status_code": 200}, shape)
    except (botocore.parsers.ResponseParserError, OperationNotFoundError, ValueError, KeyError, TypeError) as error:
        raise AnswerBroken(
            f"{entry.stream}: an answer of AWS cannot be read ({type(error).__name__}). Pull again."
        ) from error
    return found
