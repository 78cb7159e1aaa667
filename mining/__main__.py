"""``python -m mining``: the library's own command line; needs neither service nor database."""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from mining.records import IncidentRecord, read_jsonl
from mining.tasks import helping_run
from mining.taxonomy import Taxonomy, read


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m mining", description="Recurring causes in postmortems, from JSON Lines."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    words = {
        "patterns": "recurring causes within each organisation",
        "causes": "contributing causes of each record, with the quoted sentence; confirmed ones "
        "given as causes are kept, and from a hundred on a learned model may take over",
        "similar": "the most similar records to each record",
        "themes": "themes over a large or mixed corpus",
    }
    for name, told in words.items():
        command = commands.add_parser(name, help=told, description=told)
        command.add_argument("input", type=Path, help="JSON Lines (fields: docs/mining.md)")
        command.add_argument("--out", type=Path, required=True, help="where the result goes")
        command.add_argument("--taxonomy", type=Path, help="YAML, JSON or JSON Lines of classes")
        command.add_argument("--scope", choices=("organisation", "mixed"), default="organisation")
        command.add_argument("--seed", type=int, default=0)
        command.add_argument("--encoder", type=Path, help="folder of a model (similar; optional)")
        command.add_argument("--jobs", type=int, help="processes for large inputs (patterns)")
        command.add_argument("--k", type=int, default=5, help="neighbours per record (similar)")
    return parser


def _write_json(path: Path, document: Any) -> None:
    text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def _write_lines(path: Path, rows: Iterable[Any]) -> None:
    lines = (json.dumps(row, sort_keys=True, ensure_ascii=False) for row in rows)
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")


def _patterns(
    records: Sequence[IncidentRecord], args: argparse.Namespace, taxonomy: Taxonomy | None
) -> str:
    from mining.documents import result_document
    from mining.pipeline import MiningOptions, mine

    options = MiningOptions(scope=args.scope, taxonomy=taxonomy, jobs=args.jobs)
    result = mine(records, options, args.seed)
    _write_json(args.out, result_document(result))
    return f"{len(result.patterns)} patterns, {len(result.unassigned)} records in none"


def _causes(
    records: Sequence[IncidentRecord], args: argparse.Namespace, taxonomy: Taxonomy | None
) -> str:
    from mining.documents import causes_row
    from mining.foreign import scorer_for

    scorer, told = scorer_for(taxonomy), ""
    if any(record.causes for record in records):
        scorer, told = _reader(records, scorer, args.seed)
    results = scorer.score_all(records)
    _write_lines(args.out, (causes_row(result) for result in results))
    count = sum(result.primary is not None for result in results)
    return f"{told}{count} of {len(results)} records with a cause"


def _reader(records: Sequence[IncidentRecord], scorer: Any, seed: int) -> tuple[Any, str]:
    """The reader that confirmed causes earn, and the sentence that says which one is at work."""
    from mining.prepare import prepare_all
    from mining.reader import LEAST_LABELS, Takeover, words_of
    from mining.takeover import consider, same_incidents

    marked = sum(bool(record.causes) for record in records)
    found = Takeover("too_few", marked)
    if marked >= LEAST_LABELS:
        items = prepare_all(records)
        scorer, found = consider(items, scorer, same_incidents(items), seed)
    return scorer, words_of(found.document()) + "\n"


def _similar(
    records: Sequence[IncidentRecord], args: argparse.Namespace, taxonomy: Taxonomy | None
) -> str:
    from mining.documents import similar_row
    from mining.encoder import load_encoder
    from mining.similar import SimilarIndex

    encoder = load_encoder(args.encoder) if args.encoder else None
    index = SimilarIndex(records, args.seed, encoder)
    _write_lines(args.out, (similar_row(r.id, index.of(r.id, args.k)) for r in records))
    return f"{len(records)} records with up to {args.k} neighbours each"


def _themes(
    records: Sequence[IncidentRecord], args: argparse.Namespace, taxonomy: Taxonomy | None
) -> str:
    from mining.documents import themes_document
    from mining.foreign import scorer_for
    from mining.prepare import prepare_all
    from mining.themes import find_themes

    found = find_themes(prepare_all(records), scorer_for(taxonomy), args.seed)
    _write_json(args.out, themes_document(found))
    return found.reason or f"{len(found.themes)} themes, {len(found.unassigned)} records in none"


_COMMANDS = {"patterns": _patterns, "causes": _causes, "similar": _similar, "themes": _themes}


def _helpers(args: argparse.Namespace) -> AbstractContextManager[object]:
    """Helpers for a large input: they start while it is read. A pipe can be read only once."""
    if args.command != "patterns" or not args.input.is_file():
        return nullcontext()
    with args.input.open("rb") as stream:
        return helping_run(args.jobs, sum(1 for _ in stream))


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line. 0 done, 2 when the input can't be read."""
    args = _parser().parse_args(argv)
    try:
        with _helpers(args):
            records = read_jsonl(args.input)
            taxonomy = read(args.taxonomy) if args.taxonomy else None
            told = _COMMANDS[args.command](records, args, taxonomy)
    except (OSError, ValueError) as error:
        print(f"mining: {error}", file=sys.stderr)
        return 2
    print(f"{told}: {args.out}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
