"""Who is asking, and what their role lets them do."""

from dataclasses import dataclass

from rca.domain.vocabulary import Role, TokenScope, Vocabulary


class Permission(Vocabulary):
    """What a route or use case asks of the account."""

    PUBLIC = "public", "Anyone"
    READ = "read", "Read"
    WRITE = "write", "Write postmortems"
    INGEST = "ingest", "Add to the change ledger"
    REVIEW = "review", "Review, approve and decide"
    ADMIN = "admin", "Administer"


_NEEDS = {
    Permission.READ: Role.VIEWER,
    Permission.WRITE: Role.AUTHOR,
    Permission.INGEST: Role.AUTHOR,
    Permission.REVIEW: Role.REVIEWER,
    Permission.ADMIN: Role.ADMIN,
}
_ORDER = tuple(Role)


@dataclass(frozen=True, slots=True)
class Viewer:
    """The account behind a request or command. ``user_id`` None is the machine's own operator."""

    user_id: str | None
    name: str
    display_name: str
    role: Role
    shortcuts: bool = True
    scopes: tuple[str, ...] | None = None

    def may(self, permission: Permission | str) -> bool:
        """Whether the role (and the token's scopes, when one is used) allows it."""
        permission = Permission(permission)
        if permission is Permission.PUBLIC:
            return True
        if self.scopes is not None and not self._in_scope(permission):
            return False
        return _ORDER.index(self.role) >= _ORDER.index(_NEEDS[permission])

    def may_grant(self, scope: TokenScope) -> bool:
        """Whether a token of that scope would give this account anything."""
        needs = {TokenScope.ADMIN: Permission.ADMIN, TokenScope.WRITE: Permission.WRITE}
        needs[TokenScope.INGEST] = Permission.WRITE
        return self.may(needs.get(scope, Permission.READ))

    def _in_scope(self, permission: Permission) -> bool:
        allowed = {
            "admin": set(Permission),
            "write": {Permission.READ, Permission.WRITE, Permission.INGEST},
            "ingest": {Permission.INGEST},
        }
        scopes = self.scopes or ()
        readable = {Permission.READ}
        return any(permission in allowed.get(scope, readable) for scope in scopes)


OPERATOR = Viewer(None, "operator", "Operator", Role.ADMIN)
"""The command line on the machine itself: whoever can read the database file."""
