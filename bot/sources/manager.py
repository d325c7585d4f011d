"""Who is whose manager: one exact key per installation, and no manager where the answer is not one living person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.sources.settings import ManagerKey
from workflows.kernel.identity import Person, PersonId


def with_managers(
    people: Sequence[Person],
    said: Mapping[PersonId, str],
    by: ManagerKey,
    numbers: Mapping[PersonId, str],
) -> list[Person]:
    """The people with ``manager`` set, or ``manager_note`` saying why not.

    ``said`` is what the source holds for each person's manager; ``by`` what that is; ``numbers`` the employee numbers.
    Self, loop, unknown, ambiguous or departed is no manager (access review 17): the control's fallback decides then.
    """
    index: dict[str, set[PersonId]] = {}
    for person in people:
        if key := _key(person, by, numbers):
            index.setdefault(key, set()).add(person.id)
    known = {p.id: p for p in people}
    found: dict[PersonId, PersonId] = {}
    notes: dict[PersonId, str] = {}
    for person in people:
        key = _fold(said.get(person.id, ""), by)
        candidates = index.get(key, set()) if key else set()
        if not key:
            notes[person.id] = "The directory names no manager."
        elif not candidates:
            notes[person.id] = f"The directory names {key} as manager; nobody has this {by}."
        elif len(candidates) > 1:
            notes[person.id] = f"The directory names {key} as manager; {len(candidates)} people have this {by}."
        elif person.id in candidates:
            notes[person.id] = "The directory names the person as their own manager."
        else:
            found[person.id] = next(iter(candidates))
    for member in _on_a_loop(found):
        notes[member] = "The managers above this person form a loop."
    for person_id, manager in list(found.items()):
        if known[manager].employed is False:
            notes[person_id] = f"The manager {known[manager].called()} is no longer employed."
    return [
        p.model_copy(
            update={
                "manager": None if p.id in notes else found.get(p.id),
                "manager_note": notes.get(p.id, ""),
            }
        )
        for p in people
    ]


def _key(person: Person, by: ManagerKey, numbers: Mapping[PersonId, str]) -> str:
    values = {"id": person.id, "login": person.login, "email": person.email or "", "number": numbers.get(person.id, "")}
    return _fold(values[by], by)


def _fold(text: str, by: ManagerKey) -> str:
    """Ids and numbers are compared as they are; logins and addresses in lower case."""
    return text.strip() if by in ("id", "number") else text.strip().lower()


def _on_a_loop(manager_of: Mapping[PersonId, PersonId]) -> set[PersonId]:
    """Those who come back to themselves by going up; who merely stands below a loop is not on it."""
    settled: set[PersonId] = set()
    looping: set[PersonId] = set()
    for start in manager_of:
        path: list[PersonId] = []
        here: PersonId | None = start
        while here is not None and here not in settled and here not in path:
            path.append(here)
            here = manager_of.get(here)
        if here is not None and here in path:
            looping.update(path[path.index(here) :])
        settled.update(path)
    return looping
