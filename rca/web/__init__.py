"""The web app. Flask is known only in here."""

from rca.web.factory import create_app

__all__ = ["create_app"]
