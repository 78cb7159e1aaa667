"""What every mail needs beside its words: addresses of pages, and links that end such mail.

A link that ends mail carries no row's id to guess: it is signed with the instance's own key and
works without signing in, as readers and mail programs expect.
"""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote

from itsdangerous import BadData, URLSafeSerializer, URLSafeTimedSerializer

from rca.config import Settings, public_address, secret_key
from rca.domain.mail import MailKind
from rca.errors import NotFound

CONFIRM_LIFE = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Leaving:
    """What a link ends: mail of ``kind`` about ``scope``, to an account or to a bare address."""

    kind: MailKind
    scope: str
    user_id: str
    address: str


@dataclass(frozen=True, slots=True)
class Desk:
    """Where letters are written."""

    base: str
    organisation: str
    key: str

    @classmethod
    def of(cls, settings: Settings) -> "Desk":
        """The desk of this instance."""
        return cls(public_address(settings), settings.organisation, secret_key(settings.home))

    def page(self, path: str) -> str:
        """The address of a page, from its path."""
        return f"{self.base}{path}"

    def action(self, action_id: str) -> str:
        """The page of an action item."""
        return self.page(f"/actions/{action_id}")

    def postmortem(self, reference: str) -> str:
        """The page of a postmortem."""
        return self.page(f"/postmortems/{quote(reference, safe='')}")

    def settings(self) -> str:
        """Where an account chooses its mail."""
        return self.page("/account/mail")

    def leave(self, leaving: Leaving) -> str:
        """The address that ends it."""
        told = [leaving.kind.value, leaving.scope, leaving.user_id, leaving.address]
        token = URLSafeSerializer(self.key, salt="leave").dumps(told)
        return self.page(f"/mail/leave/{token}")

    def read_leave(self, token: str) -> Leaving:
        """What the link ends. Raises NotFound for one that was not made here."""
        try:
            kind, scope, user_id, address = URLSafeSerializer(self.key, salt="leave").loads(token)
            return Leaving(MailKind(kind), scope, user_id, address)
        except (BadData, ValueError, TypeError) as error:
            raise NotFound("This link ends nothing. It may have been cut in the middle.") from error

    def confirm(self, user_id: str, address: str) -> str:
        """The address that confirms an account's mail address; it works for three days."""
        token = URLSafeTimedSerializer(self.key, salt="confirm").dumps([user_id, address])
        return self.page(f"/account/mail/confirm/{token}")

    def read_confirm(self, token: str) -> tuple[str, str]:
        """Account and address of the link. Raises NotFound when it is too old or not ours."""
        seconds = int(CONFIRM_LIFE.total_seconds())
        try:
            user_id, address = URLSafeTimedSerializer(self.key, salt="confirm").loads(
                token, max_age=seconds
            )
        except (BadData, ValueError, TypeError) as error:
            raise NotFound("This link is older than three days, or was cut.") from error
        return str(user_id), str(address)
