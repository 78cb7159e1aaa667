"""Every blueprint of the app, in one list."""

from flask import Blueprint

from rca.web import account, accounts, actions, catalogue, home, imports, patterns, postmortems

BLUEPRINTS: tuple[Blueprint, ...] = (
    home.blueprint,
    postmortems.blueprint,
    imports.blueprint,
    patterns.blueprint,
    actions.blueprint,
    catalogue.blueprint,
    account.blueprint,
    accounts.blueprint,
)
