"""A program folder → one checked program, or everything that is wrong with it at once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from bot.program.check import REACHABLE
from bot.program.check import check as check_between
from bot.program.draft import Draft, Placed, scoped
from bot.program.explain import explain
from bot.program.folder import COMPANY, CONTROLS, SOURCES, read_folder
from bot.program.problem import Problem, ProgramInvalid, meant, quoted
from bot.program.shape import CompanyFile, ControlFile, OutOfScopeEntry, SourceEntry, SourcesFile
from bot.program.tree import Loc, Node, read_tree
from workflows.kernel.model import Control
from workflows.kernel.program import Company, Meaning, OutOfScope, Program, SourceConfig, document_of

Models = Mapping[str, type[BaseModel]]
FILE_AGE = timedelta(days=7)
PULL_AGE = timedelta(hours=48)


@dataclass(frozen=True)
class Loaded:
    """A program that may be applied. ``document`` is canonical JSON; its SHA-256 is the program's digest.

    ``files`` has the exact text of every file that was read, by its path in the folder.
    """

    document: bytes
    program: Program
    files: Mapping[str, str]


def load(folder: Path, workflows: Models, sources: Models, *, today: date, levels: Sequence[str] = REACHABLE) -> Loaded:
    """Read and check a program folder. ``workflows`` and ``sources`` map each name to the model of its settings; ``levels``
    are the assurance levels that can be reached here.

    Raises ProgramInvalid with every problem; nothing else escapes, whatever the folder holds.
    """
    reading = read_folder(folder)
    reader = _Reader(reading.root, workflows, sources)
    for name, text in sorted(reading.files.items(), key=lambda item: (item[0] != SOURCES, item[0])):
        root, problems = read_tree(name, text)
        reader.problems.extend(problems)
        reader.take(name, root)
    draft = reader.draft
    draft.all_sources = SOURCES in reading.files and len(draft.sources) == reader.sources_written
    draft.all_controls = len(draft.controls) == sum(name.startswith(CONTROLS) for name in reading.files)
    problems = [*reading.problems, *reader.problems, *check_between(draft, today, levels)]
    if problems or draft.company is None:
        raise ProgramInvalid(problems)
    meaning = Meaning(
        company=draft.company.value,
        controls=tuple(sorted((c.value for c in draft.controls), key=lambda c: c.id)),
        sources=tuple(s.value for s in draft.sources),
        out_of_scope=tuple({o.value.id: o.value for o in (*draft.excepted, *draft.out_of_scope)}.values()),
    )
    document = document_of(dict(reading.files), meaning)
    digest = hashlib.sha256(document).hexdigest()
    return Loaded(document, Program.model_validate({**meaning.model_dump(), "digest": digest}), dict(reading.files))


def check(
    folder: Path, workflows: Models, sources: Models, *, today: date, levels: Sequence[str] = REACHABLE
) -> list[Problem]:
    """Every problem of a program folder, by file and line; empty where it may be applied."""
    try:
        load(folder, workflows, sources, today=today, levels=levels)
    except ProgramInvalid as invalid:
        return invalid.problems
    return []


class _Reader:
    """Turns trees into the parts of a draft, keeping every problem."""

    def __init__(self, root: Path, workflows: Models, sources: Models) -> None:
        self.draft = Draft(root)
        self.problems: list[Problem] = []
        self.sources_written = -1
        self._workflows = workflows
        self._sources = sources

    def take(self, name: str, root: Node | None) -> None:
        """Take one file in. Sources come first, because controls refer to them."""
        if root is None:
            return
        if not isinstance(root.value, dict):
            what = "The file is no mapping."
            self.problems.append(Problem(name, root.line, root.column, what, "Write `key: value` lines."))
        elif name == COMPANY:
            shape = self._valid(CompanyFile, name, root)
            if isinstance(shape, CompanyFile):
                self.draft.company = Placed(Company.model_validate(shape.model_dump()), name, root)
        elif name == SOURCES:
            self._sources_file(name, root)
        elif name.startswith(f"{CONTROLS}/"):
            self._control(name, root)

    def _valid(
        self, model: type[BaseModel], name: str, node: Node, value: Any = None, known: Mapping[Loc, Any] | None = None
    ) -> BaseModel | None:
        try:
            return model.model_validate(node.plain() if value is None else value)
        except ValidationError as error:
            self.problems.extend(explain(error, name, node, model, known))
            return None

    def _sources_file(self, name: str, root: Node) -> None:
        """Each entry by itself, so that one wrong source hides no other; the file's own keys with empty entries."""
        entries, left_out = root.value.get("sources"), root.value.get("out_of_scope")
        outline = root.plain()
        for key, node in (("sources", entries), ("out_of_scope", left_out)):
            if node is not None and isinstance(node.value, list):
                outline[key] = _PLACEHOLDER[key] if node.value else []
        self._valid(SourcesFile, name, root, outline)
        written = entries.value if entries and isinstance(entries.value, list) else ()
        self.sources_written = len(written)
        for node in written:
            identity = node.get("id")
            self.draft.source_ids |= {str(identity.value)} if identity else set()
            self._source(name, node)
        for node in left_out.value if left_out and isinstance(left_out.value, list) else ():
            shape = self._valid(OutOfScopeEntry, name, node)
            if shape is not None:
                self.draft.out_of_scope.append(Placed(OutOfScope.model_validate(shape.model_dump()), name, node))

    def _source(self, name: str, node: Node) -> None:
        shape = self._valid(SourceEntry, name, node)
        kind = node.get("kind")
        settings = node.get("settings")
        if kind is None or not isinstance(kind.value, str):
            return
        model = self._sources.get(kind.value)
        if model is None:
            what = f"{quoted(kind.value)} is no kind of source."
            problem = Problem(name, kind.line, kind.column, what, meant(kind.value, self._sources))
            self.problems.append(problem)
            return
        if settings is not None and not isinstance(settings.value, dict):
            return
        valid = self._valid(model, name, settings or node, settings.plain() if settings else {})
        if isinstance(shape, SourceEntry) and valid is not None:
            stated = shape.model_dump(exclude={"max_age", "settings"})
            age = shape.max_age or (FILE_AGE if shape.kind == "csv" else PULL_AGE)
            config = {**stated, "max_age": age, "settings": valid.model_dump(mode="json")}
            self.draft.sources.append(Placed(SourceConfig.model_validate(config), name, node))

    def _control(self, name: str, root: Node) -> None:
        plain = root.plain()
        own = {key: value for key, value in plain.items() if key in ControlFile.model_fields}
        rest = {key: value for key, value in plain.items() if key not in ControlFile.model_fields}
        shape = self._valid(ControlFile, name, root, own)
        workflow = root.get("workflow")
        if workflow is None or not isinstance(workflow.value, str):
            return
        model = self._workflows.get(workflow.value)
        if model is None:
            what = f"{quoted(workflow.value)} is no workflow."
            problem = Problem(name, workflow.line, workflow.column, what, meant(workflow.value, self._workflows))
            self.problems.append(problem)
            return
        self._ages(rest)
        settings = self._valid(model, name, root, rest, {(): ControlFile.model_fields})
        company = self.draft.company.value if self.draft.company else None
        if isinstance(shape, ControlFile) and settings is not None:
            control = Control(
                **shape.model_dump(exclude={"owner", "deputy"}),
                owner=shape.owner or (company.control_owner if company else ""),
                deputy=shape.deputy or (company.deputy if company else None),
                settings=settings.model_dump(mode="json"),
            )
            self.draft.controls.append(Placed(control, name, root))
            self._left_out(name, root, control)

    def _left_out(self, name: str, root: Node, control: Control) -> None:
        """What a control names only to leave it out of scope."""
        for number, entry in scoped(control):
            if entry.get("out_of_scope"):
                parts = {key: entry[key] for key in ("id", "accepted_by", "until") if entry.get(key)}
                node, _, _ = root.find(("sources", number))
                shape = self._valid(OutOfScopeEntry, name, node, {**parts, "reason": entry["out_of_scope"]})
                if shape is not None:
                    self.draft.excepted.append(Placed(OutOfScope.model_validate(shape.model_dump()), name, node))

    def _ages(self, settings: dict[str, Any]) -> None:
        """A source's own age limit holds where the control states none."""
        ages = {s.value.id: s.value.max_age for s in self.draft.sources}
        entries = settings.get("sources")
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict) and "max_age" not in entry and str(entry.get("id")) in ages:
                entry["max_age"] = f"{int(ages[entry['id']].total_seconds()) // 60}m"


_PLACEHOLDER: dict[str, list[dict[str, Any]]] = {
    "sources": [{"id": "placeholder", "kind": "csv", "system": "placeholder"}],
    "out_of_scope": [],
}
