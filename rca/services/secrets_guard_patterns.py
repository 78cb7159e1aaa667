"""What secrets look like, by kind: the prefixes and shapes that their issuers give them.

A pattern is keyed: it needs an issuer's prefix, or a name such as ``password`` before the value.
Randomness alone is no sign, since commit ids, digests and trace ids are random too.
"""

import re
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Pattern:
    """One kind of secret. Group ``s`` is what is taken out; ``weigh`` asks for a second look."""

    kind: str
    regex: re.Pattern[str]
    hints: tuple[str, ...]
    weigh: bool = False


# Kind -> (substrings one of which must occur, lower case; the shape). Each shape is bounded, so
# that a hostile line costs no more than its length.
_PREFIXED: dict[str, tuple[tuple[str, ...], str]] = {
    "GitHub token": (("gh", "github_pat_"), r"gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_\w{22,255}"),
    "GitLab token": (("gl",), r"gl(?:pat|rt|dt|cbt|ptt|ft|soat|agent|oas|imt)-[\w.-]{16,255}"),
    "AWS access key": (("akia", "asia"), r"(?:AKIA|ASIA)[A-Z2-7]{16}"),
    "Slack token": (("xox", "xapp-"), r"(?:xox[abeposr](?:\.xox[bp])?|xapp-\d)-[\w-]{10,255}"),
    "Slack webhook": (("hooks.slack",),
                      r"https://hooks\.slack(?:-gov)?\.com/[a-z]{5,12}/[\w/-]{20,200}"),
    "Discord webhook": (("discord",),
                        r"https://(?:\w{1,12}\.)?discord(?:app)?\.com/api/webhooks/\d{15,22}/"
                        r"[\w-]{40,120}"),
    "Stripe key": (("sk_", "rk_", "whsec_"),
                   r"(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,255}|whsec_[A-Za-z0-9+/=]{16,255}"),
    "Google API key": (("aiza",), r"AIza[\w-]{35}"),
    "Google OAuth token": (("ya29.", "gocspx-", "1//0"),
                           r"ya29\.[\w-]{20,2000}|GOCSPX-[\w-]{20,60}|1//0[\w-]{30,255}"),
    "Anthropic key": (("sk-ant-",), r"sk-ant-[\w-]{20,255}"),
    "OpenAI key": (("sk-",),
                   r"sk-(?!ant-)(?:(?:proj|svcacct|admin)-)?[A-Za-z0-9][\w-]{18,255}"),
    "Hugging Face token": (("hf_",), r"hf_[A-Za-z0-9]{30,60}"),
    "SendGrid key": (("sg.",), r"SG\.[\w-]{16,32}\.[\w-]{30,64}"),
    "Twilio key": (("sk", "ac"), r"(?:SK|AC)[0-9a-f]{32}"),
    "Mailgun key": (("key-",), r"key-[0-9a-f]{32}"),
    "npm token": (("npm_",), r"npm_[A-Za-z0-9]{30,64}"),
    "Python package index token": (("pypi-",), r"pypi-[\w-]{50,400}"),
    "RubyGems token": (("rubygems_",), r"rubygems_[0-9a-f]{40,64}"),
    "Docker token": (("dckr_",), r"dckr_(?:pat|oat)_[\w-]{20,80}"),
    "Vault token": (("hv", "s."), r"hv[sbr]\.[\w-]{20,300}"),
    "Terraform token": ((".atlasv1.",), r"[A-Za-z0-9]{14}\.atlasv1\.[\w-]{40,80}"),
    "DigitalOcean token": (("do", "_v1_"), r"do[por]_v1_[0-9a-f]{50,70}"),
    "Databricks token": (("dapi",), r"dapi[0-9a-f]{32}(?:-\d)?"),
    "Grafana token": (("gl", "eyjrijoi"),
                      r"glsa_[A-Za-z0-9]{30,40}_[0-9a-f]{8}|glc_[A-Za-z0-9+/=]{30,400}"),
    "New Relic key": (("nr",), r"NR(?:AK|II|JS|AL)-[A-Z0-9-]{20,60}"),
    "Shopify token": (("shp",), r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
    "Linear key": (("lin_",), r"lin_(?:api|oauth)_[A-Za-z0-9]{32,64}"),
    "Atlassian token": (("atatt", "atctt"), r"AT[AC]TT3[\w=-]{30,400}"),
    "Telegram bot token": ((":aa",), r"\d{8,10}:AA[\w-]{32,35}"),
    "age key": (("age-secret-key-",), r"AGE-SECRET-KEY-1[0-9A-Z]{50,64}"),
    "JSON web token": (("eyj",), r"eyJ[\w-]{8,2000}\.eyJ[\w-]{8,8000}(?:\.[\w-]{8,2000})?"),
    "Throughline token": (("rca_",), r"rca_[0-9a-f]{40,64}"),
}  # fmt: skip
_PEM = (
    r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:[^-]|-(?!----)){0,20000}(?:-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----)?"
)
_URL = r"\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@\"'<>]{0,100}:(?P<s>[^\s/@\"'<>]{3,200})@(?=[\w\[])"
_HEADER = (
    r"\b(?:proxy-)?authorization[\"']?\s{0,3}[:=]\s{0,3}[\"']?(?:bearer|basic|token|digest|apikey)"
    r"\s{1,3}(?P<s>[\w.~+/=:-]{8,4000})|"
    r"\bbearer\s{1,3}(?P<t>(?=[\w.~+/=-]{0,200}\d)[\w.~+/=-]{16,4000})"
)
_NAMES = (
    r"pass(?:word|wd|phrase|code)|pwd|secret|(?:secret|access|private|api|account|signing|"
    r"encryption|shared|routing|integration|license|master|service|storage)[ _-]?key(?:[ _-]?id)?|"
    r"(?:auth|access|api|bot|refresh|session|bearer|id|private|deploy|personal)[ _-]?token|token|"
    r"client[ _-]?secret|credentials?|connection[ _-]?string|sharedaccesskey|accountkey"
)
_NAMED = (
    rf"(?:(?<![A-Za-z])(?:{_NAMES})|pass(?:word|wd|phrase))(?:[_-]?\d)?\\?[\"'`]{{0,2}}"
    r"(?P<link>\s{0,3}(?::|=>|=)\s{0,3}|\s(?:is|was)\s(?=[\"'`])|\s(?:is|was)\s)"
    r"(?P<quote>\\?[\"'`]?)(?P<s>[^\s\"'`,;<>\\(){}|]{6,500})"
)
_FLAG = (
    r"(?<!\S)(?:--?(?:password|token|secret|api-key)[ =]|-p)"
    r"(?P<s>[^\s\"'`,;<>$-][^\s\"'`,;<>]{7,200})"
)


def _whole(shape: str) -> str:
    return rf"(?<![A-Za-z0-9_])(?P<s>{shape})(?![A-Za-z0-9_])"


@cache
def patterns() -> tuple[Pattern, ...]:
    """All kinds, the precise ones first: the first that names a span keeps it."""
    issued = [
        Pattern(kind, re.compile(_whole(shape)), hints)
        for kind, (hints, shape) in _PREFIXED.items()
    ]
    return (
        Pattern("private key", re.compile(rf"(?P<s>{_PEM})"), ("private key",)),
        *issued,
        Pattern("password in an address", re.compile(_URL, re.I), ("://",), weigh=True),
        Pattern("authorisation header", re.compile(_HEADER, re.I), ("authorization", "bearer")),
        Pattern(
            "named secret",
            re.compile(_NAMED, re.I),
            ("pass", "pwd", "secret", "key", "token", "credential", "connection"),
            weigh=True,
        ),
        Pattern(
            "secret on a command line",
            re.compile(_FLAG),
            ("-p", "--password", "--token", "--secret", "--api-key"),
            weigh=True,
        ),
    )
