"""The editor in a real browser: without scripts, with autosave, in conflict, offline, signed out."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from rca.domain.access import OPERATOR, Viewer
from rca.domain.postmortem import PostmortemContent
from rca.domain.vocabulary import Role, Status
from rca.services import authoring
from rca.services import reading as postmortems
from rca.store.engine import reading, writing
from tests.e2e import world
from tests.e2e.browser import axe_violations, context_for, sideways
from tests.factories import rich_data

OpenPage = Callable[..., Page]
SAVED = "#save-state[data-state=saved]"


def _viewer(server: world.LiveServer, name: str) -> Viewer:
    from sqlmodel import select

    from rca.services import accounts
    from rca.store import tables as t

    with reading(server.engine) as session:
        user = session.exec(select(t.User).where(t.User.name == name)).one()
        return accounts.viewer_of(user)


def _draft(server: world.LiveServer, **changes: Any) -> str:
    """A draft by Ines; returns its reference."""
    data = {**PostmortemContent.model_validate(rich_data()).model_dump(mode="json"), **changes}
    content = world.fresh(data)
    with writing(server.engine) as session:
        made = authoring.create(
            session, viewer=_viewer(server, "ines"), content=content, now=world.NOW
        )
    return made.reference


def _stored(server: world.LiveServer, reference: str) -> PostmortemContent:
    with reading(server.engine) as session:
        return postmortems.view(session, viewer=OPERATOR, reference=reference, live=True).content


def _open(page: Page, reference: str) -> None:
    page.goto(f"/postmortems/{reference}/edit")
    page.wait_for_selector("form[data-ready]")


def _held(page: Page, section: str) -> list[Any]:
    """The next save of a section is stored at once, and its answer waits to be let go."""
    waiting: list[Any] = []

    def hold(route: Route) -> None:
        waiting.extend((route, route.fetch()))

    page.route(f"**/sections/{section}", hold, times=1)
    return waiting


def _stored_by_now(page: Page, waiting: list[Any]) -> None:
    while len(waiting) < 2:
        page.wait_for_timeout(20)


def _let_go(waiting: list[Any]) -> None:
    route, answer = waiting
    route.fulfill(response=answer)


@pytest.fixture
def loose_page(demo_server: world.LiveServer, browser: Browser) -> Iterator[Page]:
    """Ines in a browser whose console may complain, for tests that pull the plug."""
    context = context_for(browser, demo_server.url, demo_server.cookies["ines"])
    yield context.new_page()
    context.close()


def test_it_works_without_scripts(demo_server: world.LiveServer, open_page: OpenPage) -> None:
    page = open_page("ines", java_script_enabled=False)
    page.goto("/postmortems/new")
    page.get_by_label("What did people see?").fill("Checkout refuses cards")
    page.get_by_label("How bad was it?").select_option("SEV4")
    page.get_by_label("Which services?").fill("checkout")
    page.get_by_label("Time in UTC").fill("2026-09-14 09:12")
    page.get_by_role("button", name="Save draft and write on").click()
    reference = page.url.split("/")[-2]
    page.get_by_role("button", name="Add factor").click()
    page.get_by_label("Statement, factor 1").fill("The schema accepts a pool of 4.")
    page.get_by_role("button", name="Add factor").click()
    expect(page.get_by_label("Statement, factor 1")).to_have_value(
        "The schema accepts a pool of 4."
    )
    expect(page.get_by_label("Statement, factor 2")).to_be_focused()
    page.get_by_role("button", name="Remove factor 2").click()
    for surface in ("Design", "Code", "Config", "Review", "Incident response"):
        row = page.get_by_role("radiogroup", name=surface, exact=False).first
        row.get_by_text("Unknown").click()
    page.get_by_role("button", name="Use this sentence").click()
    expect(page.locator("#summary")).to_have_value(
        "On 14 September 2026, checkout was affected: Checkout refuses cards."
    )
    page.get_by_role("button", name="Request review").click()
    expect(page.locator("h1")).to_have_text("Checkout refuses cards")
    content = _stored(demo_server, reference)
    assert [factor.statement for factor in content.factors] == ["The schema accepts a pool of 4."]
    with reading(demo_server.engine) as session:
        view = postmortems.view(session, viewer=OPERATOR, reference=reference)
    assert view.status is Status.IN_REVIEW


def test_typing_is_saved_by_itself(demo_server: world.LiveServer, page: Page) -> None:
    reference = _draft(demo_server)
    _open(page, reference)
    page.locator("#summary").fill("Typed and left alone.")
    page.get_by_label("What did people see?").fill("Another symptom")
    page.wait_for_selector("#save-state[data-state=typing], #save-state[data-state=saving]")
    page.wait_for_selector(SAVED)
    expect(page.locator("#save-state")).to_have_text("Saved 09:00 UTC")
    content = _stored(demo_server, reference)
    assert (content.summary, content.title) == ("Typed and left alone.", "Another symptom")


def test_rows_come_go_and_come_back(demo_server: world.LiveServer, page: Page) -> None:
    reference = _draft(demo_server)
    _open(page, reference)
    page.get_by_role("button", name="Add event").click()
    page.keyboard.type("10:30")
    page.keyboard.press("Tab")
    page.keyboard.type("All clear")
    page.keyboard.press("Control+s")
    page.wait_for_selector(SAVED)
    assert [row.text for row in _stored(demo_server, reference).timeline][-1] == "All clear"
    page.get_by_role("button", name="Remove row 1", exact=True).click()
    page.get_by_role("button", name="Undo").click()
    page.wait_for_selector(SAVED)
    assert len(_stored(demo_server, reference).timeline) == 4
    page.get_by_role("button", name="Remove row 1", exact=True).click()
    page.keyboard.press("Control+s")
    page.wait_for_selector(SAVED)
    assert len(_stored(demo_server, reference).timeline) == 3


def test_durations_rail_and_requirements_follow(demo_server: world.LiveServer, page: Page) -> None:
    reference = _draft(demo_server, times=[], actions=[])
    _open(page, reference)
    page.get_by_label("Impact started, time in UTC").fill("2026-08-14 09:12")
    page.get_by_label("Detected, time in UTC").fill("09:31")
    page.keyboard.press("Tab")
    expect(page.locator("output[data-duration=detect]")).to_have_text("19 min")
    expect(page.get_by_label("Detected, time in UTC")).to_have_value("2026-08-14 09:31")
    page.wait_for_selector(SAVED)
    rail = page.locator("#rail")
    expect(rail).to_contain_text("SEV-2 asks for")
    page.get_by_label("Severity at its worst").select_option("SEV5")
    expect(rail).to_contain_text("SEV-5 asks for")
    assert len(_stored(demo_server, reference).timeline) == 3


def _both_open(open_page: OpenPage, reference: str) -> tuple[Page, Page]:
    """Ines and Otto in the editor of one postmortem."""
    ines, otto = open_page("ines"), open_page("otto")
    _open(ines, reference)
    _open(otto, reference)
    return ines, otto


def _saves(page: Page, field: Locator, words: str) -> None:
    """Write into a field and wait until it is stored."""
    field.fill(words)
    page.keyboard.press("Control+s")
    page.wait_for_selector(SAVED)


def test_a_clash_shows_both_texts_and_keeps_both(
    demo_server: world.LiveServer, open_page: OpenPage
) -> None:
    reference = _draft(demo_server)
    ines, otto = _both_open(open_page, reference)
    _saves(otto, otto.locator("#summary"), "Words of Otto.")
    ines.locator("#summary").fill("Words of Ines.")
    ines.keyboard.press("Control+s")
    ines.wait_for_selector("#save-state[data-state=conflict]")
    expect(ines.locator("#save-state")).to_have_text("Conflict in Summary")
    panel = ines.locator("[data-clash]")
    expect(panel).to_contain_text("Words of Otto.")
    expect(panel).to_contain_text("Words of Ines.")
    assert axe_violations(ines) == []
    panel.get_by_text("Keep both").click()
    panel.get_by_role("button", name="Save my choice").click()
    ines.wait_for_selector(SAVED)
    expect(ines.locator("#summary")).to_have_value("Words of Otto.\n\nWords of Ines.")
    assert _stored(demo_server, reference).summary == "Words of Otto.\n\nWords of Ines."


def test_two_people_in_one_section_without_a_clash(
    demo_server: world.LiveServer, open_page: OpenPage
) -> None:
    reference = _draft(demo_server)
    ines, otto = _both_open(open_page, reference)
    _saves(otto, otto.get_by_label("Statement, factor 1"), "Words of Otto")
    ines.get_by_label("Statement, factor 2").fill("Words of Ines")
    ines.keyboard.press("Control+s")
    ines.wait_for_selector(SAVED)
    expect(ines.get_by_label("Statement, factor 1")).to_have_value("Words of Otto")
    expect(ines.get_by_label("Statement, factor 2")).to_be_focused()
    words = [row.statement for row in _stored(demo_server, reference).factors]
    assert words == ["Words of Otto", "Words of Ines"]


def test_words_typed_while_an_answer_is_on_its_way_hide_nobody_elses(
    demo_server: world.LiveServer, open_page: OpenPage
) -> None:
    """The answer brings what Otto wrote; Ines typed on in the same text meanwhile."""
    reference = _draft(demo_server, summary="Begun.")
    ines, otto = _both_open(open_page, reference)
    _saves(otto, otto.locator("#summary"), "Begun. Words of Otto.")
    waiting = _held(ines, "summary")
    ines.locator("#what_happened").fill("Words of Ines")
    ines.keyboard.press("Control+s")
    _stored_by_now(ines, waiting)
    ines.locator("#summary").fill("Begun. Ines too.")
    _let_go(waiting)
    ines.wait_for_selector("#save-state[data-state=conflict]")
    ines.locator("[data-clash]").get_by_text("Keep both").click()
    ines.get_by_role("button", name="Save my choice").click()
    ines.wait_for_selector(SAVED)
    stored = _stored(demo_server, reference)
    assert stored.what_happened == "Words of Ines"
    assert stored.summary == "Begun. Words of Otto. Ines too."


def test_a_row_typed_while_an_answer_is_on_its_way_stays(
    demo_server: world.LiveServer, open_page: OpenPage
) -> None:
    reference = _draft(demo_server)
    ines, otto = _both_open(open_page, reference)
    _saves(otto, otto.get_by_label("Statement, factor 1"), "Words of Otto")
    waiting = _held(ines, "factors")
    second = ines.get_by_label("Statement, factor 2")
    second.fill("Words of ")
    ines.keyboard.press("Control+s")
    _stored_by_now(ines, waiting)
    second.press("End")
    second.press_sequentially("Ines")
    _let_go(waiting)
    expect(ines.get_by_label("Statement, factor 1")).to_have_value("Words of Otto")
    expect(second).to_have_value("Words of Ines")
    expect(second).to_be_focused()
    ines.wait_for_selector(SAVED)
    words = [row.statement for row in _stored(demo_server, reference).factors]
    assert words == ["Words of Otto", "Words of Ines"]


def test_offline_words_are_kept_and_sent_later(
    demo_server: world.LiveServer, loose_page: Page
) -> None:
    reference = _draft(demo_server)
    _open(loose_page, reference)
    loose_page.context.set_offline(True)
    loose_page.locator("#summary").fill("Typed on a train.")
    loose_page.wait_for_selector("#save-state[data-state=offline]")
    expect(loose_page.locator("#save-state")).to_have_text("Offline, kept on this device")
    loose_page.context.set_offline(False)
    loose_page.wait_for_selector(SAVED)
    assert _stored(demo_server, reference).summary == "Typed on a train."


_READ_DRAFTS = """async () => {
  const open = indexedDB.open("throughline-drafts", 1);
  const base = await new Promise((yes) => { open.onsuccess = () => yes(open.result); });
  const all = base.transaction("drafts").objectStore("drafts").getAll();
  const rows = await new Promise((yes) => { all.onsuccess = () => yes(all.result); });
  return rows.map((row) => new TextDecoder().decode(row.sealed)).join(" ");
}"""


def test_signed_out_words_come_back_into_the_same_field(
    demo_server: world.LiveServer, loose_page: Page
) -> None:
    reference = _draft(demo_server)
    page = loose_page
    _open(page, reference)
    page.context.clear_cookies(name="rca_session")
    page.get_by_label("Statement, factor 2").fill("Typed after the session ended.")
    page.wait_for_selector("#save-state[data-state=out]")
    expect(page.locator("#editor-notes")).to_contain_text("kept on this device")
    page.wait_for_timeout(400)
    sealed = page.evaluate(_READ_DRAFTS)
    assert sealed
    assert "Typed after" not in sealed
    page.get_by_role("link", name="Sign in").last.click()
    page.get_by_label("Name").fill("ines")
    page.get_by_label("Password").fill(world.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector("form[data-ready]")
    expect(page.locator("#editor-notes")).to_contain_text("back in Contributing factors")
    expect(page.get_by_label("Statement, factor 2")).to_have_value("Typed after the session ended.")
    expect(page.get_by_label("Statement, factor 2")).to_be_focused()
    assert _stored(demo_server, reference).factors[1].statement == "Typed after the session ended."
    assert page.evaluate(_READ_DRAFTS) == ""


def test_restricted_words_never_reach_the_device(
    demo_server: world.LiveServer, loose_page: Page
) -> None:
    reference = _draft(demo_server, visibility="restricted")
    _open(loose_page, reference)
    loose_page.context.set_offline(True)
    loose_page.locator("#summary").fill("Secret words.")
    loose_page.wait_for_selector("#save-state[data-state=offline]")
    expect(loose_page.locator("#save-state")).to_have_text("Offline, not saved")
    names = loose_page.evaluate("indexedDB.databases().then((all) => all.map((one) => one.name))")
    assert "throughline-drafts" not in names
    loose_page.context.set_offline(False)
    loose_page.wait_for_selector(SAVED)


def test_a_wrong_time_is_said_beside_its_field_and_kept(
    demo_server: world.LiveServer, page: Page
) -> None:
    reference = _draft(demo_server)
    _open(page, reference)
    field = page.get_by_label("Time, row 2", exact=True)
    field.fill("ten to nine")
    page.keyboard.press("Control+s")
    page.wait_for_selector("#save-state[data-state=invalid]")
    expect(page.locator("#s-timeline [data-live-error]")).to_contain_text("is not a time")
    field.fill("08:50")
    page.keyboard.press("Control+s")
    page.wait_for_selector(SAVED)
    assert f"{_stored(demo_server, reference).timeline[1].at:%H:%M}" == "08:50"


def test_the_keyboard_tags_stars_answers_and_links(
    demo_server: world.LiveServer, page: Page
) -> None:
    reference = _draft(demo_server)
    _open(page, reference)
    page.get_by_label("Time, row 1", exact=True).focus()
    page.keyboard.press("Escape")
    page.keyboard.press("4")
    page.keyboard.press("s")
    page.locator("#ai-design").get_by_role("radio", name="None").focus()
    page.keyboard.press("u")
    page.get_by_label("Statement, factor 2").focus()
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    page.keyboard.type("Alert on payment success")
    page.keyboard.press("Control+s")
    page.wait_for_selector(SAVED)
    content = _stored(demo_server, reference)
    assert (content.timeline[0].kind.value, content.timeline[0].key) == ("key_moment", True)
    states = {row.surface.value: row.state.value for row in content.ai_influences}
    assert states["design"] == "unknown"
    assert content.actions[-1].title == "Alert on payment success"
    assert content.actions[-1].factor_ids == [content.factors[1].id]
    page.keyboard.press("t")
    assert page.locator("[data-rows=timeline] > li").count() == 3  # no letter acts while typing


def test_evidence_is_picked_from_the_timeline(demo_server: world.LiveServer, page: Page) -> None:
    reference = _draft(demo_server)
    _open(page, reference)
    factor = page.locator("#factors-0")
    factor.get_by_text("Evidence", exact=True).click()
    factor.get_by_label("Pool size halved", exact=False).check()
    expect(factor.locator("[data-picked]")).to_have_text("· 1 timeline row")
    page.keyboard.press("Control+s")
    page.wait_for_selector(SAVED)
    content = _stored(demo_server, reference)
    assert content.factors[0].timeline_ids == [content.timeline[0].id]


def test_review_is_requested_from_the_page(demo_server: world.LiveServer, page: Page) -> None:
    reference = _draft(demo_server)
    _open(page, reference)
    page.locator("#summary").fill("A last sentence.")
    page.get_by_role("button", name="Request review").click()
    expect(page.locator(".badge.st--review").first).to_be_visible()
    assert _stored(demo_server, reference).summary == "A last sentence."


# The test of every route does so in light at a desk and in dark on a phone.
@pytest.mark.long
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_editor_is_accessible(
    demo_server: world.LiveServer, open_page: OpenPage, scheme: str, width: int
) -> None:
    reference = _draft(demo_server)
    page = open_page("ines", color_scheme=scheme, viewport={"width": width, "height": 900})
    for path in ("/postmortems/new", f"/postmortems/{reference}/edit"):
        page.goto(path)
        assert axe_violations(page) == []
        assert sideways(page) == 0


def test_roles_in_the_world_are_as_expected(demo_server: world.LiveServer) -> None:
    assert _viewer(demo_server, "otto").role is Role.AUTHOR


def test_signing_out_takes_drafts_off_the_device(
    demo_server: world.LiveServer, loose_page: Page
) -> None:
    reference = _draft(demo_server)
    page = loose_page
    with writing(demo_server.engine) as session:
        cookie = world.cookie_for(session, "ines")
    page.context.add_cookies([{"name": "rca_session", "value": cookie, "url": demo_server.url}])
    _open(page, reference)
    page.route("**/sections/*", lambda route: route.abort())
    page.locator("#summary").fill("Left behind")
    page.wait_for_selector("#save-state[data-state=offline]")
    page.wait_for_function(f"({_READ_DRAFTS})().then((text) => text.length > 0)")
    page.on("dialog", lambda dialog: dialog.accept())
    page.locator(".menu--account summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in*")
    names = page.evaluate("indexedDB.databases().then((all) => all.map((one) => one.name))")
    assert "throughline-drafts" not in names
