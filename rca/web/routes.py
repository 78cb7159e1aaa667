"""Every blueprint of the app, in one list."""

from flask import Blueprint

from rca.web import (
    account,
    accounts,
    actions,
    ai,
    api_mining,
    catalogue,
    change_pages,
    exports,
    guardrail_watch,
    guardrails,
    home,
    imports,
    look,
    mail,
    patterns,
    postmortems,
    reports,
    review_editing,
    templates,
    timeline,
    webhooks,
    wording,
)

BLUEPRINTS: tuple[Blueprint, ...] = (
    ai.blueprint,
    # The module that imports the others, so that every route of the API is on it.
    api_mining.blueprint,
    home.blueprint,
    postmortems.blueprint,
    imports.blueprint,
    look.blueprint,
    exports.blueprint,
    timeline.blueprint,
    templates.blueprint,
    webhooks.blueprint,
    mail.blueprint,
    reports.blueprint,
    # The module that imports the others, so that every route of a review is on it.
    review_editing.blueprint,
    patterns.blueprint,
    guardrail_watch.blueprint,
    guardrails.blueprint,
    actions.blueprint,
    catalogue.blueprint,
    change_pages.blueprint,
    account.blueprint,
    accounts.blueprint,
    wording.blueprint,
)
