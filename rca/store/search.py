"""Full-text search: FTS5 on SQLite, tsvector on PostgreSQL, one behaviour.

Every word of the query must occur; the last may be a beginning. Restricted records are filtered
by the caller's visibility condition, which joins on the same row.
"""

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import column, select, table, text
from sqlmodel import Session

from rca.domain.postmortem import PostmortemContent

_SEARCH = table("postmortem_search", column("postmortem_id"))
_WORD = re.compile(r"\w+", re.UNICODE)
_MOST_WORDS = 24
_MOST_CHARACTERS = 400_000


def _is_postgres(session: Session) -> bool:
    return bool(session.get_bind().dialect.name == "postgresql")


def document(reference: str, content: PostmortemContent) -> str:
    """All words of a postmortem that search may find."""
    parts = [reference, content.title, content.tldr, content.summary, content.what_happened]
    parts += [content.response, content.impact_summary, content.imported_text, content.trigger_note]
    parts += [*content.services, *content.teams, content.organisation]
    parts += [row.statement for row in content.factors]
    parts += [row.text for row in content.timeline]
    parts += [row.title for row in content.actions]
    parts += [row.text for row in content.notes]
    parts += [f"{row.tool} {row.note} {row.counterfactual}" for row in content.ai_influences]
    return "\n".join(part for part in parts if part)


def index(session: Session, postmortem_id: str, words: str) -> None:
    """Store the words of one postmortem, replacing what was there."""
    remove(session, postmortem_id)
    if _is_postgres(session):
        # to_tsvector refuses more than 1 MB of lexemes; the newest words matter least there.
        session.execute(
            text(
                "INSERT INTO postmortem_search (postmortem_id, words) "
                "VALUES (:id, to_tsvector('simple', :words))"
            ),
            {"id": postmortem_id, "words": words[:_MOST_CHARACTERS]},
        )
        return
    session.execute(
        text("INSERT INTO postmortem_search (postmortem_id, words) VALUES (:id, :words)"),
        {"id": postmortem_id, "words": words},
    )


def index_new(session: Session, documents: Sequence[tuple[str, str]]) -> None:
    """Store the words of postmortems that have none yet, all at once."""
    if not documents:
        return
    words, most = (":words", None)
    if _is_postgres(session):
        words, most = ("to_tsvector('simple', :words)", _MOST_CHARACTERS)
    session.execute(
        text(f"INSERT INTO postmortem_search (postmortem_id, words) VALUES (:id, {words})"),  # noqa: S608
        [{"id": key, "words": document[:most]} for key, document in documents],
    )


def remove(session: Session, postmortem_id: str) -> None:
    """Forget the words of one postmortem."""
    session.execute(
        text("DELETE FROM postmortem_search WHERE postmortem_id = :id"), {"id": postmortem_id}
    )


def matching_ids(session: Session, query: str) -> Any | None:
    """A subquery of ids whose words match, or None when the query holds no word."""
    words = _WORD.findall(query)[:_MOST_WORDS]
    if not words:
        return None
    if _is_postgres(session):
        pattern = " & ".join(f"{word}:*" for word in words)
        condition = text("words @@ to_tsquery('simple', :rca_query)")
    else:
        pattern = " ".join(f'"{word}"*' for word in words)
        condition = text("postmortem_search MATCH :rca_query")
    return select(_SEARCH.c.postmortem_id).where(condition.bindparams(rca_query=pattern))
