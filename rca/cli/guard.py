"""``rca guard``: the gate. Needs no instance and no database."""

import json
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path
from typing import Any

import click

from rca.gate import output
from rca.gate.check import Judged, exit_code, judge
from rca.gate.collect import collect, read_json
from rca.gate.config import read_config
from rca.gate.found import Found, GateError, flatten
from rca.gate.git import Range, commit_of, read_range, show
from rca.gate.policies import Policies, load, past

FACTS_FILE = ".guardrails/facts.yml"
LINES = 5
_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def command() -> None:
    """Check a change against guardrails, in any CI."""


def _options(function: Any) -> Any:
    for option in reversed(
        (
            click.option("--policies", required=True, metavar="FILE|FOLDER|URL",
                         help="The rules; an address is cached by its ETag."),
            click.option("--repo", default=".", show_default=True,
                         type=click.Path(exists=True, file_okay=False, path_type=Path)),
            click.option("--base", default="", help="Revision before the change; rules of facts "
                         "are read from it."),
            click.option("--head", default="HEAD", show_default=True),
            click.option("--event", "event_file", type=_file,
                         help="GitHub or GitLab event, deploy event or change record, as JSON."),
            click.option("--facts", "facts_file", type=_file, help="More facts, as JSON."),
            click.option("--format", "how", type=click.Choice(list(output.FORMATS)),
                         default="text", show_default=True),
            click.option("--explain", is_flag=True, help="Explain every outcome leaf by leaf."),
            click.option("--explain-facts", is_flag=True,
                         help="Print each fact with its source, or why it is unknown."),
            click.option("--print-record", is_flag=True, help="Print the change record only."),
            click.option("--validate", is_flag=True, help="Check the rules before using them."),
            click.option("--history", default="", metavar="FILE|URL",
                         help="Past incidents by service: what `rca guard history` wrote, or "
                         "https://…/guardrails/history.json."),
            click.option("--post-to", "post_to", default="", metavar="URL",
                         help="Tell the service what was said: https://…/guardrails/outcomes."),
            click.option("--cache", type=click.Path(path_type=Path), help="Folder of the cache."),
        )
    ):  # fmt: skip
        function = option(function)
    return function


@command.command("check")
@_options
def check_command(**given: Any) -> None:
    """Say what the guardrails say of a change.

    Exit codes: 0 nothing enforced is violated, 1 an enforced rule is violated, 2 the check could
    not be done. Rules in audit and warn never fail. The token for an address is RCA_GUARD_TOKEN.
    """
    try:
        sys.exit(_check(**given))
    except GateError as error:
        click.echo(f"rca guard: {error}", err=True)
        sys.exit(2)


def _check(
    *, policies: str, repo: Path, base: str, head: str, event_file: Path | None,
    facts_file: Path | None, how: str, explain: bool, explain_facts: bool, print_record: bool,
    validate: bool, history: str, post_to: str, cache: Path | None,
) -> int:  # fmt: skip
    found = _collect(repo, base, head, event_file, facts_file)
    if print_record:
        click.echo(json.dumps(found.record(), indent=2, sort_keys=True))
        return 0
    if explain_facts:
        _explain(found)
    rules = load(policies, token=os.environ.get("RCA_GUARD_TOKEN", ""), cache=cache or _cache())
    if rules.stale:
        click.echo(f"rca guard: {rules.stale}", err=True)
    if validate:
        _validate(rules)
    judged = judge(rules.docs, found.record(), datetime.now(UTC))
    lines = _history(history, found)
    click.echo(_rendered(judged, lines, how, explain), nl=False)
    if post_to:
        _tell(post_to, judged, found, repo, head)
    return exit_code(judged)


def _tell(address: str, judged: tuple[Judged, ...], found: Found, repo: Path, head: str) -> None:
    """A service that does not answer is said and changes no verdict."""
    from rca.gate.report import entries, post

    told = entries(judged, found.record(), commit_of(repo, head))
    try:
        taken = post(address, os.environ.get("RCA_GUARD_TOKEN", ""), told)
        click.echo(f"rca guard: the service took {taken} of {len(told)} outcomes", err=True)
    except GateError as error:
        click.echo(f"rca guard: outcomes were not told: {error}", err=True)


def _rendered(judged: tuple[Judged, ...], lines: list[str], how: str, explain: bool) -> str:
    if how == "text":
        return output.text(judged, lines, explain=explain)
    return output.FORMATS[how](judged, lines)


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "throughline"


def _collect(
    repo: Path, base: str, head: str, event_file: Path | None, facts_file: Path | None
) -> Found:
    event = read_json(event_file) if event_file else None
    extra = flatten(read_json(facts_file)) if facts_file else None
    base = base or _base_of(event)
    span: Range | None = read_range(repo, base, head) if base else None
    if span is None and event is None:
        raise GateError("give --base and --head, or --event: there is no change to look at")
    text = show(repo, base, FACTS_FILE) if base else _here(repo)
    return collect(read_config(text), repo=repo, span=span, event=event, extra=extra)


def _here(repo: Path) -> str | None:
    place = repo / FACTS_FILE
    return place.read_text(encoding="utf-8") if place.is_file() else None


def _base_of(event: Mapping[str, Any] | None) -> str:
    pull = (event or {}).get("pull_request")
    base = pull.get("base") if isinstance(pull, Mapping) else None
    sha = base.get("sha") if isinstance(base, Mapping) else None
    return sha if isinstance(sha, str) else ""


def _explain(found: Found) -> None:
    for name, told in found.explained():
        value = json.dumps(told.value, ensure_ascii=True) if told.known else "unknown"
        shown = value if len(value) <= 100 else value[:97] + "..."
        click.echo(f"{name}: {shown} ({told.source})", err=True)


def _validate(rules: Policies) -> None:
    from mining.policy.document import validate

    for doc in rules.docs:
        problems = validate(doc)
        if problems:
            name = doc["metadata"].get("id", "a rule")
            raise GateError(f"{name}: {problems[0]}")


def _history(source: str, found: Found) -> list[str]:
    """At most five lines of what happened before to what this change touches.

    A service that does not answer is said and changes no verdict; a file that is not there is a
    mistake of the call.
    """
    if not source:
        return []
    if source.startswith(("https://", "http://")):
        try:
            entries = past(source, os.environ.get("RCA_GUARD_TOKEN", ""))
        except GateError as error:
            click.echo(f"rca guard: no history: {error}", err=True)
            return []
    else:
        entries = read_json(Path(source)).get("services", {})
    named = found.value("service.name")
    touched = found.services or ((named,) if named else ())
    lists = [[str(line) for line in entries.get(name, ())] for name in touched]
    turns = (line for turn in zip_longest(*lists) for line in turn if line)
    return list(dict.fromkeys(turns))[:LINES]


@command.command("history")
@click.option("--out", type=click.Path(path_type=Path), help="File; - or nothing is stdout.")
def history_command(out: Path | None) -> None:
    """Write past incidents and patterns by service, for `check --history`. Reads the instance."""
    from rca.cli.context import open_home, write_out
    from rca.services.guardrail_recall import history_lines

    with open_home().reading() as session:
        lines = history_lines(session)
    write_out(json.dumps({"services": lines}, indent=2, ensure_ascii=False) + "\n", out)
