"""The parts of the documentation that are made from the code: tables of settings, commands, metrics, keys, refusals.

Each part stands in its page between two comments. `python -m tests.docs.reference` writes all of them anew, and
`python -m tests.docs.demo` what the demo prints; tests compare.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import click
from prometheus_client import REGISTRY

from bot import cli
from bot.program.schema import schema
from bot.settings import KNOWN, LATER
from bot.slack.command import COMMANDS
from bot.slack.manifest import SCOPES
from bot.sources.settings import SETTINGS
from tests.docs.predicate import batched, predicates, values
from workflows.access_review.rules import refusal as access_review
from workflows.access_review.views.words import FLAGS
from workflows.approval.rules import refusal as approval
from workflows.registry import WORKFLOWS

ROOT = Path(__file__).resolve().parents[2]
BEGIN = "<!-- made from the code: {} -->"
END = "<!-- end -->"
BLOCK = re.compile(r"<!-- made from the code: ([a-z_ ]+) -->\n(.*?)<!-- end -->", re.DOTALL)
WORKFLOW_MODELS = {w.name: w.settings for w in WORKFLOWS}
OURS = ("attester_", "slack_")
"""How our own metrics begin; Python's and the process's stand beside them."""


def table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cell(c) for c in row)} |\n" for row in lines)


def cell(text: str) -> str:
    """A text that cannot end its cell."""
    return " ".join(text.split()).replace("|", "\\|")


def settings() -> str:
    return table(("variable", "meaning"), ((f"`{name}`", said) for name, said in KNOWN.items()))


def later() -> str:
    if not LATER:
        return "None.\n"
    return table(("variable", "meant for"), ((f"`{name}`", said) for name, said in LATER.items()))


def tree(command: click.Command, path: str = "attester") -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, with its whole name."""
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from tree(below, f"{path} {name}")
    else:
        yield path, command


def usage(path: str, command: click.Command) -> str:
    """`attester export --from DATE …`, as one would type it."""
    words = [path]
    for one in command.params:
        if isinstance(one, click.Argument):
            words.append(one.human_readable_name)
        elif isinstance(one, click.Option) and one.required:
            words.append(
                f"{one.opts[0]} {(one.name or '').upper()}" if one.opts[0] == "--out" else f"{one.opts[0]} DATE"
            )
        elif isinstance(one, click.Option):
            words.append(f"[{one.opts[0]}]" if one.is_flag else f"[{one.opts[0]} …]")
    return " ".join(words)


def commands() -> str:
    found = sorted(tree(cli.attester))
    rows = ((f"`{usage(path, one)}`", (one.help or "").split("\n\n")[0]) for path, one in found)
    return table(("command", "what it does"), rows)


def metric_rows() -> Iterator[tuple[str, ...]]:
    """Our metrics as Prometheus reads them."""
    for one in sorted(REGISTRY.collect(), key=lambda m: m.name):
        if one.name.startswith(OURS):
            shown = f"{one.name}_total" if one.type == "counter" else one.name
            yield (f"`{shown}`", one.type, labels(one.name), f"{one.documentation}.")


def labels(name: str) -> str:
    collector = REGISTRY._names_to_collectors[name]
    return ", ".join(f"`{label}`" for label in collector._labelnames)


def metrics() -> str:
    return table(("metric", "kind", "labels", "meaning"), metric_rows())


Schema = Mapping[str, object]


def keys_of(found: Schema) -> Iterator[tuple[str, ...]]:
    """Each key of an object with whether it must stand, its default, and its meaning."""
    for name, said in found["properties"].items():
        if name == "$schema":
            continue
        needed = name in found.get("required", ())
        yield (f"`{name}`", "needed" if needed else default(said), said.get("description", ""))


def default(said: Schema) -> str:
    value = said.get("default")
    if value in (None, "", [], {}):
        return "–"
    written = {True: "true", False: "false"}.get(value, value) if isinstance(value, bool) else value
    return f"`{', '.join(map(str, written)) if isinstance(written, list | tuple) else written}`"


KEY_HEAD = ("key", "default", "meaning")


def company() -> str:
    return table(KEY_HEAD, keys_of(schema(WORKFLOW_MODELS, SETTINGS)["company"]))


def control() -> str:
    found = schema(WORKFLOW_MODELS, SETTINGS)["control"]
    own = set().union(*(m.model_fields for m in WORKFLOW_MODELS.values()))
    kept = {**found, "properties": {n: s for n, s in found["properties"].items() if n not in own}}
    parts = {"cadence": ("three", "CadenceShape"), "publishers": ("five", "PublisherEntry")}
    return table(KEY_HEAD, keys_of(kept)) + "".join(
        f"\n`{name}` has {many} keys of its own:\n\n{table(KEY_HEAD, keys_of(found['$defs'][shape]))}"
        for name, (many, shape) in parts.items()
    )


def source() -> str:
    return table(KEY_HEAD, keys_of(schema(WORKFLOW_MODELS, SETTINGS)["sources"]["$defs"]["SourceEntry"]))


def left_out() -> str:
    return table(KEY_HEAD, keys_of(schema(WORKFLOW_MODELS, SETTINGS)["sources"]["$defs"]["OutOfScopeEntry"]))


def kind(name: str) -> Callable[[], str]:
    """The settings of one kind of source."""
    return lambda: table(KEY_HEAD, keys_of(SETTINGS[name].model_json_schema()))


def refusals(sentences: Mapping[str, tuple[str, str]]) -> Callable[[], str]:
    """A workflow's refusals with their sentences."""
    rows = [(f"`{code}`", why, step) for code, (why, step) in sentences.items()]
    return lambda: table(("code", "what it says", "what to do next"), iter(rows))


def flags() -> str:
    return table(("flag", "what a reviewer reads"), ((f"`{flag}`", said) for flag, said in FLAGS.items()))


def scopes() -> str:
    return table(("scope", "what it is for"), ((f"`{name}`", said) for name, said in SCOPES.items()))


def slash_commands() -> str:
    rows = (
        (f"`{f'{c.name} {word.word}'.strip()}`", word.help) for c in COMMANDS.values() for word in c.words
    )  # fmt: skip
    return table(("command", "what it shows"), rows)


def workflows() -> str:
    rows = ((f"`{w.name}`", ", ".join(w.criteria)) for w in WORKFLOWS)
    return table(("workflow", "criteria"), rows)


PARTS: dict[str, Callable[[], str]] = {
    "settings": settings, "later": later, "commands": commands, "metrics": metrics, "company": company,
    "control": control, "source": source, "left out": left_out, "csv": kind("csv"), "okta": kind("okta"),
    "aws": kind("aws"), "refusals": refusals(access_review.SENTENCES),
    "approval refusals": refusals(approval.SENTENCES), "flags": flags, "scopes": scopes, "slash commands": slash_commands,
    "workflows": workflows, "predicates": predicates, "batched": batched, "values": values,
}  # fmt: skip


def pages() -> list[Path]:
    """Every page of the documentation."""
    return [*ROOT.glob("*.md"), *sorted((ROOT / "docs").rglob("*.md"))]


def renewed(text: str) -> str:
    """A page with its made parts as the code has them now. Raises KeyError for a part that nobody makes."""
    return BLOCK.sub(lambda m: f"{BEGIN.format(m[1])}\n{PARTS[m[1]]()}{END}", text)


if __name__ == "__main__":
    for page in pages():
        before = page.read_text(encoding="utf-8")
        if (after := renewed(before)) != before:
            page.write_text(after, encoding="utf-8")
            print(f"wrote {page.relative_to(ROOT)}")
