"""The door: ``create_app`` for servers, ``python app.py`` for ``rca serve``."""

from rca.web import create_app

__all__ = ["create_app"]

if __name__ == "__main__":
    from rca.cli import main

    main(["serve"])
