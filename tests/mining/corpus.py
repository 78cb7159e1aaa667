"""A small invented company whose history holds three recurrences and several lone incidents."""

from mining.records import IncidentRecord, from_mapping

_STORIES = {
    "cert": (
        "Internal certificate expired on {x}",
        "The internal TLS certificate of {x} expired at midnight and its callers refused the "
        "connection. Nobody had a monitor on the certificate expiry date. The renewal job had been "
        "disabled since spring. We renewed the certificate by hand and restarted {x}. The expiry "
        "list of internal certificates lives in four places.",
    ),
    "lock": (
        "Migration locked the {x} table",
        "A schema migration took an exclusive lock on the {x} table and reads queued behind it. "
        "The migration ran in seconds in staging, where the {x} table is small. Queries on the "
        "table waited for the lock until the migration was cancelled. The lock timeout was not set "
        "for migrations.",
    ),
    "retry": (
        "Retry storm against {x}",
        "{x} slowed down and clients retried without backoff, which overloaded {x} further. The "
        "retries kept the connection pool exhausted after the first fault was gone. Retry traffic "
        "was five times the normal load. We shed the retries at the gateway and {x} recovered.",
    ),
}
_LONE = (
    ("Fibre cut near the harbour", "A digger cut the fibre between both sites. Packet loss reached ninety percent until the carrier spliced the cable. The second path was down for planned works that week."),
    ("Leap day broke invoices", "The invoice date calculation added one year to the twenty-ninth of February. Invoices of that day failed validation. A unit test for the leap day was missing."),
    ("Cooling failed in hall two", "Two chillers stopped after a voltage sag. Temperature in the hall rose and servers shut themselves down. Facility staff restarted the chillers from the panel."),
    ("Phished supplier account", "An attacker used a stolen supplier login to read order addresses. The account had no second factor. The session was revoked and addresses of ninety orders were exposed."),
    ("Sitemap served the wrong language", "A template change swapped two language codes in the sitemap. Search engines listed Finnish pages in Spain. The generator had no check of codes against pages."),
    ("Payroll export printed twice", "A scheduler restarted in the middle of the payroll export and ran it again. The export is not idempotent. Finance noticed the second file in the morning."),
)  # fmt: skip
_PLACES = ("orders", "basket", "pricing", "stock")


def company() -> list[IncidentRecord]:
    """Three causes that came back four times each, and six incidents that stand alone."""
    rows = []
    for kind, (title, text) in _STORIES.items():
        for number, place in enumerate(_PLACES, start=1):
            rows.append(
                {
                    "id": f"{kind}-{number}",
                    "title": title.format(x=place),
                    "text": text.format(x=place),
                    "date": f"2026-0{2 * number - 1}-1{len(rows) % 9}",
                    "severity": f"SEV{1 + number % 3}",
                    "ai_state": ("influenced", "none", "unknown", None)[number - 1],
                    "services": [place],
                }
            )
    for number, (title, text) in enumerate(_LONE, start=1):
        rows.append({"id": f"lone-{number}", "title": title, "text": text, "date": "2026-05-20"})
    return [from_mapping(row) for row in rows]
