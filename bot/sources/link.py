"""Whose account is it: exact rules, first match wins, and two candidates are never a link (identity page 2.1, CC6.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.sources.gather import Held
from workflows.kernel.identity import Directory, LinkRule, Person, PersonId


@dataclass(frozen=True)
class Linked:
    """The outcome: a person or none, the rule as a word, and what it rests on."""

    person: PersonId | None
    rule: LinkRule
    note: str


def address(text: str | None) -> str:
    """An address as it is compared: trimmed and lower case; empty for what is no plain ASCII address.

    Nothing else is folded: `a.b@`, `ab@` and `a+b@` are three addresses, and a look-alike letter is no match.
    """
    plain = (text or "").strip().lower()
    name, at, domain = plain.partition("@")
    if not at or not name or not domain or "@" in domain or not plain.isascii() or any(c.isspace() for c in plain):
        return ""
    return plain


class Linker:
    """Links accounts to the people of one directory. ``domains`` are the company's; empty: those of the directory."""

    def __init__(
        self,
        directory: Directory,
        domains: Iterable[str] = (),
        aliases: Mapping[tuple[str, str], PersonId] | None = None,
    ) -> None:
        self._people = directory.people
        self._aliases = dict(aliases or {})
        self._by_address: dict[str, set[PersonId]] = {}
        self._by_login: dict[str, set[PersonId]] = {}
        for person in directory.people.values():
            self._by_login.setdefault(person.login.strip().lower(), set()).add(person.id)
            for known in _addresses(person):
                self._by_address.setdefault(known, set()).add(person.id)
        own = {d.strip().lower().lstrip("@") for d in domains if d.strip()}
        self._domains = own or {known.rpartition("@")[2] for known in self._by_address}

    def link(self, system: str, account: Held) -> Linked:
        """The person behind an account, by the first rule that matches; a signed alias is asked last."""
        found = self._found(system, account)
        signed = self._aliases.get((system, account.native_id))
        if found.person is None and signed is not None and signed in self._people:
            return Linked(signed, "signed", "a signed alias")
        return found

    def _found(self, system: str, account: Held) -> Linked:
        if account.idp_id and account.idp_id in self._people:
            return Linked(account.idp_id, "certain", "the same id in the identity provider")
        if account.external_id and account.external_id in self._people:
            return Linked(account.external_id, "certain", "the id that provisioning set")
        if account.email_verified is True and (verified := address(account.email)) in self._by_address:
            return _one(self._by_address[verified], "strong", f"{verified}, verified by {system}")
        return self._weak(account) or self._nobody(account)

    def person(self, key: str) -> PersonId | None:
        """The one person with this id, login or address; None where there is none or more than one."""
        if key in self._people:
            return key
        found = self._by_login.get(key.strip().lower()) or self._by_address.get(address(key), set())
        return next(iter(found)) if len(found) == 1 else None

    def _weak(self, account: Held) -> Linked | None:
        """A login, tag or unverified e-mail that is somebody's address. One the source says is *not* verified counts nothing."""
        said = [account.login, *account.addresses]
        if account.email_verified is not False:
            said.append(account.email or "")
        found: dict[str, set[PersonId]] = {}
        for text in said:
            known = address(text)
            if known and known in self._by_address:
                found[known] = self._by_address[known]
        if not found:
            return None
        people = set().union(*found.values())
        return _one(people, "weak", f"{', '.join(sorted(found))} is their address; the source did not verify it")

    def _nobody(self, account: Held) -> Linked:
        said = [a for text in (account.email, account.login, *account.addresses) if (a := address(text))]
        foreign = [a for a in said if a.rpartition("@")[2] not in self._domains]
        if said and len(foreign) == len(said):
            return Linked(None, "external", f"{foreign[0]} is of another domain")
        return Linked(None, "orphan", f"nobody has {said[0]}" if said else "it names no address")


def _addresses(person: Person) -> set[str]:
    return {known for text in (person.email, person.login) if (known := address(text))}


def _one(found: set[PersonId], rule: LinkRule, note: str) -> Linked:
    if len(found) == 1:
        return Linked(next(iter(found)), rule, note)
    return Linked(None, "ambiguous", f"candidates: {', '.join(sorted(found))}")
