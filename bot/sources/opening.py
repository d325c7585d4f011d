"""A source from what the program says about it: the one place that knows every vendor."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import sleep

from pydantic import BaseModel, ValidationError

from bot.settings import Settings, SettingsInvalid
from bot.sources.aws.connector import AwsConnector
from bot.sources.certified import CertifiedSource, Connector, recertified, uncertified
from bot.sources.csv import CsvConnector
from bot.sources.okta.connector import OktaConnector
from bot.sources.okta.membership import OktaGroup
from bot.sources.settings import SETTINGS, AwsSettings, CsvSettings, OktaSettings, SourceSettings
from workflows.kernel.identity import Pull
from workflows.kernel.ports import Clock, SourceFailed, Vault
from workflows.kernel.program import SourceConfig

Progress = Callable[[str], None]
Wait = Callable[[float], None]


def open_source(
    config: SourceConfig,
    *,
    credential: str | None,
    base_url: str | None,
    base_folder: Path,
    vault: Vault,
    clock: Clock,
    code: str,
    spool: Path | None = None,
    progress: Progress = lambda _: None,
    wait: Wait = sleep,
) -> CertifiedSource:
    """The source, ready to pull; nothing is contacted yet. Raises SourceFailed where its settings cannot be used.

    ``credential`` is the secret, ``base_url`` where the vendor's API is, ``base_folder`` the program folder, ``spool`` a
    folder for raw files under way, ``progress`` hears a sentence for each page, ``wait`` sleeps.
    """
    settings = settings_of(config)
    connector = _connector(config, settings, credential, base_url, base_folder, clock, progress, wait)
    domains = settings.domains if isinstance(settings, SourceSettings) else ()
    return CertifiedSource(config, connector, domains=domains, vault=vault, clock=clock, code=code, spool=spool)


def settings_of(config: SourceConfig) -> BaseModel:
    """The validated settings of a source. Raises SourceFailed."""
    try:
        return SETTINGS[config.kind].model_validate(config.settings)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        said = f"settings{'.' + where if where else ''}: {first['msg']}"
        raise SourceFailed(f"The source {config.id} cannot be opened: {said}. Mend sources.yaml.") from error


def _connector(
    config: SourceConfig,
    settings: BaseModel,
    credential: str | None,
    base_url: str | None,
    base_folder: Path,
    clock: Clock,
    progress: Progress,
    wait: Wait,
) -> Connector:
    if isinstance(settings, CsvSettings):
        return CsvConnector(config.id, config.system, settings, base_folder, clock.now)
    if isinstance(settings, OktaSettings):
        url = okta_url(config, settings, base_url)
        if not credential:
            raise SourceFailed(
                f"The source {config.id} has no token. Set OKTA_CLIENT_TOKEN to one of a read-only administrator."
            )
        return OktaConnector(settings, url, credential, now=clock.now, wait=wait, progress=progress)
    if isinstance(settings, AwsSettings):
        return AwsConnector(settings, base_url, now=clock.now, wait=wait, progress=progress)
    raise SourceFailed(f"The source {config.id} is of kind {config.kind}, which this version does not read.")


def okta_url(config: SourceConfig, settings: OktaSettings, base_url: str | None) -> str:
    """The address of an Okta source. Raises SourceFailed where there is none."""
    url = settings.org_url or base_url
    if not url:
        raise SourceFailed(f"The source {config.id} has no address. Set OKTA_CLIENT_ORGURL to https://YOURS.okta.com.")
    return url


class SourceOpener:
    """Opens the program's sources with the environment's credentials. ``folder`` is the program's."""

    def __init__(
        self, settings: Settings, *, folder: Path, vault: Vault, clock: Clock, code: str, wait: Wait = sleep
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._vault = vault
        self._clock = clock
        self._code = code
        self._wait = wait

    def open(self, config: SourceConfig, progress: Progress = lambda _: None) -> CertifiedSource:
        """The source, nothing contacted yet. Raises SourceFailed."""
        base_url = {"okta": self._settings.okta_org_url, "aws": self._settings.aws_endpoint_url}.get(config.kind)
        return open_source(
            config,
            credential=self._credential(config),
            base_url=base_url or None,
            base_folder=self._folder,
            vault=self._vault,
            clock=self._clock,
            code=self._code,
            spool=self._settings.data / "pulls",
            progress=progress,
            wait=self._wait,
        )

    def okta(self, config: SourceConfig, group: str) -> OktaGroup:
        """One group of an Okta source, to add people to, with a token of its own. Raises SourceFailed where it has none."""
        settings = settings_of(config)
        if not isinstance(settings, OktaSettings):
            why = f"The source {config.id} is not Okta's. Take through: okta from the entries that name it."
            raise SourceFailed(why)
        token = self._settings.okta_groups_token
        if not token:
            raise SourceFailed("OKTA_GROUPS_TOKEN is not set, and the program grants through Okta.")
        return OktaGroup(okta_url(config, settings, self._settings.okta_org_url), token, group, self._clock.now)

    def failed(self, config: SourceConfig, why: str, started_by: str) -> Pull:
        """A partial pull of nothing, with this reason."""
        return uncertified(config, why, started_by, self._clock.now(), self._vault, self._code)

    def refused(self, pull: Pull, why: str) -> Pull:
        """The same pull, certified as partial for this reason: its answers are kept, its lines are not used."""
        return recertified(pull, why, self._vault)

    def _credential(self, config: SourceConfig) -> str | None:
        try:
            named = self._settings.credential(config.credential)
        except SettingsInvalid as error:
            raise SourceFailed(str(error)) from error
        return named or (self._settings.okta_token or None if config.kind == "okta" else None)
