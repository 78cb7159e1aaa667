"""How long ten thousand pasted lines take: ``python -m benchmarks.timeline_paste``."""

import time
from datetime import UTC, date, datetime

from rca.formats.timeline import propose

LINES = 10_000
DAY = date(2026, 8, 14)


def slack_text(lines: int) -> str:
    """A chat as it is copied: a name, a time, two lines of text, over and over."""
    parts = []
    for number in range(lines // 4):
        clock = (
            f"{number // 60 % 12 or 12}:{number % 60:02} {'AM' if number // 720 % 2 == 0 else 'PM'}"
        )
        parts.append(
            f"Ana Souza\n  {clock}\nlooking at shard {number}, error rate is up\nand more\n"
        )
    return "".join(parts)


def notes_text(lines: int) -> str:
    """Notes with a time in front."""
    return "".join(
        f"- {n // 60 % 24:02}:{n % 60:02} UTC: on-call: restarted worker {n}\n"
        for n in range(lines)
    )


def prose_text(lines: int) -> str:
    """Text with numbers and no times: nothing may be slow where nothing is found."""
    return "10 pods of 12 were at 97 % (see shard 3:1 and 4.5), 2 hours of work\n" * lines


def seconds(text: str) -> tuple[float, int]:
    """Best of three in CPU seconds, and the rows found."""
    best, rows = float("inf"), 0
    for _ in range(3):
        start = time.process_time()
        rows = len(propose(text, day=DAY, now=datetime(2026, 8, 14, tzinfo=UTC)).rows)
        best = min(best, time.process_time() - start)
    return best, rows


def main() -> None:
    """Print one line per shape."""
    for name, made in (("slack", slack_text), ("notes", notes_text), ("prose", prose_text)):
        text = made(LINES)
        took, rows = seconds(text)
        print(f"{name:6} {text.count(chr(10)):,} lines -> {rows:,} rows in {took:.2f} s")


if __name__ == "__main__":
    main()
