"""Every blueprint of the app, in one list."""

from flask import Blueprint

from rca.web import accounts

BLUEPRINTS: tuple[Blueprint, ...] = (accounts.blueprint,)
