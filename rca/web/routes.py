"""Every blueprint of the app, in one list."""

from flask import Blueprint

from rca.web import accounts, home, postmortems

BLUEPRINTS: tuple[Blueprint, ...] = (
    home.blueprint,
    postmortems.blueprint,
    accounts.blueprint,
)
