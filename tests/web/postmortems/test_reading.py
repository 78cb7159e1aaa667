"""The reading page, its review, its comments and its history; and who may see any of it."""

import pytest

from rca.domain.vocabulary import Status
from rca.services import authoring
from tests.factories import rich
from tests.web.postmortems.conftest import Desk
from tests.web.postmortems.pages import open_editor, press

SUB_URLS = (
    "",
    "/edit",
    "/history",
    "/compare?from=1&to=1",
    "/similar",
)
WRITES = (
    "/edit",
    "/submit",
    "/request-changes",
    "/approve",
    "/publish",
    "/set-aside",
    "/comments",
    "/comments/0123/resolve",
)


def test_a_published_one_reads_as_a_document(desk: Desk) -> None:
    reference = desk.write(rich())
    desk.publish(reference)
    page = desk.client("vera").get(f"/postmortems/{reference}").get_data(as_text=True)
    for words in (
        "Checkout returns 502 for card payments",
        "<em>Card payments</em> queued",
        "The config schema accepted a pool of 4.",
        "No gate asked for it",
        "19 min after impact started",
        "Overdue",
        "It was not a Friday.",
    ):
        assert words in page, words
    assert 'href="#factor-1"' in page
    assert 'href="#action-1"' in page
    content = desk.view(reference).content
    assert f'href="#event-{content.timeline[0].id}"' in page
    assert "not confirmed by a person" not in page


def test_unanswered_is_said_and_is_not_none(quick_desk: Desk) -> None:
    reference = quick_desk.write(rich(ai_influences=[{"surface": "code", "state": "unknown"}]))
    page = quick_desk.client("vera").get(f"/postmortems/{reference}").get_data(as_text=True)
    assert "Design, Config, Review, Incident response" in page
    assert "Not answered. That is different from none and from unknown." in page


def test_unconfirmed_values_wear_a_chip(quick_desk: Desk) -> None:
    row = {"text": "Seen", "source": "imported", "source_detail": "chat", "confirmed": False}
    reference = quick_desk.write(rich(timeline=[row]))
    page = quick_desk.client("vera").get(f"/postmortems/{reference}").get_data(as_text=True)
    assert "chip--imported" in page
    assert "1 value here was" in page


@pytest.mark.parametrize("path", SUB_URLS)
def test_an_outsider_finds_nothing_at_any_address(quick_desk: Desk, path: str) -> None:
    hidden = quick_desk.write(rich(title="Payroll export", visibility="restricted"))
    there = quick_desk.client("otto").get(f"/postmortems/{hidden}{path}")
    nowhere = quick_desk.client("otto").get(f"/postmortems/INC-1999-0001{path}")
    assert there.status_code == nowhere.status_code == 404
    assert "Payroll" not in there.get_data(as_text=True)
    assert quick_desk.client("ines").get(f"/postmortems/{hidden}").status_code == 200


@pytest.mark.parametrize("path", WRITES)
def test_an_outsider_changes_nothing_at_any_address(quick_desk: Desk, path: str) -> None:
    hidden = quick_desk.write(rich(visibility="restricted"))
    before = quick_desk.view(hidden)
    data = {"version": "1", "revision": "1", "reason": "x", "target": "draft", "body": "x"}
    for who in ("otto", "ravi", "ada"):
        answer = quick_desk.client(who).post(f"/postmortems/{hidden}{path}", data=data)
        assert answer.status_code in (403, 404), (who, answer.status_code)
    assert quick_desk.view(hidden) == before


def test_an_outsider_can_not_save_a_section(quick_desk: Desk) -> None:
    hidden = quick_desk.write(rich(visibility="restricted"))
    answer = quick_desk.client("otto").put(
        f"/postmortems/{hidden}/sections/summary",
        json={"fields": [["summary", "x"]], "revision": 1},
        headers={"If-Match": '"1"', "Accept": "application/json"},
    )
    assert answer.status_code == 404


def test_review_goes_back_and_forth_and_ends_published(desk: Desk) -> None:
    reference = desk.write(rich())
    ines, ravi = desk.client("ines"), desk.client("ravi")

    def version() -> str:
        return str(desk.view(reference).version)

    page = f"/postmortems/{reference}"
    ines.post(f"{page}/submit", data={"version": version()})
    assert desk.view(reference).status is Status.IN_REVIEW
    ravi.post(f"{page}/request-changes", data={"version": version(), "reason": "Which pool?"})
    assert desk.view(reference).status is Status.CHANGES_REQUESTED
    assert "Which pool?" in ines.get(f"{page}/edit").get_data(as_text=True)
    ines.post(f"{page}/submit", data={"version": version()})
    refused = ines.post(f"{page}/approve", data={"version": version()})
    assert refused.status_code == 403
    ravi.post(f"{page}/approve", data={"version": version()})
    ravi.post(f"{page}/publish", data={"version": version()})
    assert desk.view(reference).status is Status.PUBLISHED


def test_a_decision_on_an_old_version_is_not_taken(quick_desk: Desk) -> None:
    reference = quick_desk.write(rich())
    quick_desk.move(reference, "ines", authoring.submit)
    seen = quick_desk.view(reference).version
    ines = quick_desk.client("ines")
    press(ines, reference, open_editor(ines, reference).set("summary", "Changed since"))
    answer = quick_desk.client("ravi").post(
        f"/postmortems/{reference}/approve", data={"version": str(seen)}, follow_redirects=True
    )
    assert "changed since you opened it" in answer.get_data(as_text=True)
    assert quick_desk.view(reference).status is Status.IN_REVIEW


def test_an_edit_after_approval_asks_again_and_shows_what_changed(quick_desk: Desk) -> None:
    reference = quick_desk.write(rich())
    quick_desk.move(reference, "ines", authoring.submit)
    quick_desk.move(reference, "ravi", authoring.approve)
    ines = quick_desk.client("ines")
    press(ines, reference, open_editor(ines, reference).set("title", "Another title"))
    assert quick_desk.view(reference).status is Status.IN_REVIEW
    page = quick_desk.client("ravi").get(f"/postmortems/{reference}").get_data(as_text=True)
    assert "See what changed since it was last approved" in page


def test_a_correction_keeps_the_published_text_in_front(quick_desk: Desk) -> None:
    reference = quick_desk.write(rich())
    quick_desk.publish(reference)
    quick_desk.client("ravi").post(
        f"/postmortems/{reference}/request-changes",
        data={"version": str(quick_desk.view(reference).version), "reason": "388 contacts"},
    )
    ines = quick_desk.client("ines")
    press(ines, reference, open_editor(ines, reference).set("title", "The corrected title"))
    page = quick_desk.client("vera").get(f"/postmortems/{reference}").get_data(as_text=True)
    assert "A correction is being written" in page
    assert "The corrected title" not in page


def test_archiving_and_setting_aside_need_a_reason(quick_desk: Desk) -> None:
    reference = quick_desk.write(rich())
    ines = quick_desk.client("ines")

    def aside(reason: str, target: str) -> Status:
        ines.post(
            f"/postmortems/{reference}/set-aside",
            data={
                "version": str(quick_desk.view(reference).version),
                "reason": reason,
                "target": target,
            },
        )
        return quick_desk.view(reference).status

    assert aside("", "not_required") is Status.DRAFT
    assert aside("A duplicate of another", "not_required") is Status.NOT_REQUIRED
    assert aside("", "draft") is Status.DRAFT


def test_comments_are_added_resolved_and_reopened(desk: Desk) -> None:
    reference = desk.write(rich())
    vera, ines = desk.client("vera"), desk.client("ines")
    vera.post(f"/postmortems/{reference}/comments", data={"body": "How?", "anchor": "factor-1"})
    comment = desk.view(reference).comments[0]
    assert (comment.body, comment.anchor, comment.author) == ("How?", "factor-1", "Vera")
    ines.post(f"/postmortems/{reference}/comments/{comment.id}/resolve")
    assert desk.view(reference).comments[0].resolved_at is not None
    ines.post(f"/postmortems/{reference}/comments/{comment.id}/reopen")
    assert desk.view(reference).comments[0].resolved_at is None
    assert "1 open comment" in ines.get(f"/postmortems/{reference}/edit").get_data(as_text=True)


def test_history_groups_a_sitting_and_shows_differences(desk: Desk) -> None:
    reference = desk.write(rich())
    ines = desk.client("ines")
    for title in ("Second title", "Third title"):
        press(ines, reference, open_editor(ines, reference).set("title", title))
    page = ines.get(f"/postmortems/{reference}/history").get_data(as_text=True)
    assert "(3 saves)" in page
    differences = ines.get(f"/postmortems/{reference}/compare?from=1&to=3").get_data(as_text=True)
    assert "1 difference between text 1 and text 3" in differences
    assert "<ins>Third" in differences
    assert ines.get(f"/postmortems/{reference}/compare?from=1&to=99").status_code == 404


def test_a_thin_import_reads_well_too(quick_desk: Desk) -> None:
    thin = {
        "title": "",
        "imported_text": "Long ago.\n\nSomething broke.",
        "title_source": "imported",
    }
    from rca.domain.postmortem import PostmortemContent

    reference = quick_desk.write(PostmortemContent.model_validate(thin))
    page = quick_desk.client("vera").get(f"/postmortems/{reference}").get_data(as_text=True)
    assert "Something broke." in page
    assert "No summary yet." in page
