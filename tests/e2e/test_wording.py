"""Wording hints in a real browser: under the words, never on the sentence being typed."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from rca.services import authoring
from rca.store.engine import writing
from tests.conftest import NOW
from tests.e2e import world
from tests.factories import rich

OpenPage = Callable[..., Page]
BLAME = "The operator failed to check the queue."


def _draft(server: world.LiveServer, **changes: Any) -> str:
    from sqlmodel import select

    from rca.domain.access import Viewer
    from rca.domain.vocabulary import Role
    from rca.store import tables as t

    with writing(server.engine) as session:
        user = session.exec(select(t.User).where(t.User.name == "ines")).one()
        viewer = Viewer(user.id, user.name, user.display_name, Role.AUTHOR)
        return authoring.create(session, viewer=viewer, content=rich(**changes), now=NOW).reference


def _with_hints(page: Page, server: world.LiveServer, reference: str) -> None:
    page.goto(f"{server.url}/postmortems/{reference}/edit")
    for part in page.locator("details.part").all():
        part.evaluate("part => { part.open = true }")


def test_words_get_a_dotted_line_in_place_and_a_press_on_them_opens_one_card(
    demo_server: world.LiveServer, open_page: OpenPage
) -> None:
    page = open_page("ines")
    words = "A line before.\n\nTen o'clock 🎉, and then a rather long line that wraps. " + BLAME
    _with_hints(page, demo_server, _draft(demo_server, summary=f"{words} The page was late."))
    mark = page.locator("#summary ~ .wording-lines mark")
    expect(mark).to_have_text("The operator failed to")
    # The line lies under the same words of the field: what a press there selects says so.
    mark.scroll_into_view_if_needed()
    box = mark.bounding_box()
    assert box is not None
    page.mouse.dblclick(box["x"] + 8, box["y"] + box["height"] / 2)
    chosen = "box => box.value.slice(box.selectionStart, box.selectionEnd).trim()"
    assert page.locator("#summary").evaluate(chosen) == "The"
    card = page.get_by_role("group", name="Wording hint")
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(card).to_contain_text("What did they see at the time")
    expect(page.locator("#summary")).to_be_focused()
    # The sentence holds the caret now; its line stays while its card is open, and goes with typing.
    expect(mark).to_have_count(1)
    page.keyboard.press("Escape")
    expect(card).to_have_count(0)
    page.keyboard.press("Alt+Enter")
    expect(card.get_by_role("button", name="Keep mine")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#summary")).to_be_focused()


def test_the_same_hint_is_a_button_for_keyboard_and_screen_reader(
    demo_server: world.LiveServer, open_page: OpenPage
) -> None:
    page = open_page("ines")
    _with_hints(page, demo_server, _draft(demo_server, summary=f"Ten o'clock 🎉. {BLAME}"))
    hint = page.get_by_role("button", name="The operator failed to", exact=True)
    hint.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("What did they see at the time")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("What did they see at the time")).to_have_count(0)
    expect(hint).to_be_focused()


def test_the_sentence_being_typed_is_left_alone_until_the_field_is_left(
    demo_server: world.LiveServer, open_page: OpenPage
) -> None:
    page = open_page("ines")
    _with_hints(page, demo_server, _draft(demo_server, summary="It began at ten."))
    box = page.locator("#summary")
    box.click()
    box.press("End")
    with page.expect_response("**/wording/check"):
        box.press_sequentially(f" {BLAME}")
    mark = page.locator("#summary ~ .wording-lines mark")
    expect(mark).to_have_count(0)
    page.locator("#title").click()
    expect(mark).to_have_text("The operator failed to")


def test_a_sentence_is_kept_with_a_reason(
    demo_server: world.LiveServer, open_page: OpenPage
) -> None:
    page = open_page("ines")
    reference = _draft(demo_server, summary="The shift lead ignored the second page.")
    _with_hints(page, demo_server, reference)
    hint = page.get_by_role("button", name="The shift lead ignored", exact=True)
    hint.focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Keep mine").click()
    page.get_by_label("Why it stays").fill("It is their own account")
    page.get_by_role("button", name="Keep it", exact=True).click()
    expect(hint).to_have_count(0)
    page.goto(f"{demo_server.url}/postmortems/{reference}/wording")
    expect(page.get_by_text("Nothing here puts the cause on a person.")).to_be_visible()
