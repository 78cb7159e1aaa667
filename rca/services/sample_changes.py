"""The change ledger of the sample company: made from a seed, around the changes that its
postmortems name.

The background is ordinary work with ordinary gaps: some facts were never recorded, and for many
changes nobody can say whether AI had a part. Nothing about a change's AI state moves its chance
of being linked to an incident. What is planted is how often checks and rollouts were left out.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from rca.domain.quarters import Quarter
from rca.services.sample_deployments import deployments_of
from rca.services.sample_files import change_key, stable_id
from rca.services.sample_habits import (
    AI,
    CHECK_OF,
    CONFIG_HEAVY,
    KINDS,
    LEFT_OUT,
    PLACES,
    SHARES,
    SOURCES,
    TEST_WEIGHTS,
    TITLES,
    TOOLS,
)

SEED = 20_261_005
START = datetime(2025, 4, 1, tzinfo=UTC)
END = datetime(2026, 10, 1, tzinfo=UTC)
PER_WORKDAY = 8.6
FOLLOW_UP = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class SampleLedger:
    """Rows for the store: changes, deployments and the links between them, as plain values."""

    changes: tuple[Mapping[str, Any], ...]
    deployments: tuple[Mapping[str, Any], ...]
    links: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class _Service:
    name: str
    tier: int
    paths: tuple[str, ...]
    switch_tried: tuple[datetime, ...]
    drilled: tuple[datetime, ...]


@dataclass(frozen=True, slots=True)
class _Freeze:
    start: datetime
    end: datetime
    kinds: tuple[str, ...]
    services: tuple[str, ...]

    def holds(self, service: str, at: datetime) -> bool:
        return self.start <= at < self.end and (not self.services or service in self.services)


def moment(text: str) -> datetime:
    """A date, or date and time, of the company's file as aware UTC."""
    return datetime.fromisoformat(text.replace(" ", "T")).replace(tzinfo=UTC)


def _services(company: Mapping[str, Any]) -> dict[str, _Service]:
    drilled: dict[str, list[datetime]] = {}
    for drill in company["drills"]:
        if drill.get("recovered"):
            drilled.setdefault(drill["service"], []).append(moment(drill["recovered"]))
    return {
        item["name"]: _Service(
            item["name"],
            int(item["tier"]),
            tuple(item["paths"]),
            tuple(moment(day) for day in item["kill_switch"]["tested"]),
            tuple(drilled.get(item["name"], ())),
        )
        for item in company["services"]
    }


def _freezes(company: Mapping[str, Any]) -> tuple[_Freeze, ...]:
    return tuple(
        _Freeze(moment(f["from"]), moment(f["to"]), tuple(f["kinds"]), tuple(f["services"]))
        for f in company["freezes"]
    )


def _days_since(moments: Sequence[datetime], at: datetime) -> int | None:
    before = [then for then in moments if then <= at]
    return (at - max(before)).days if before else None


def _nested(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted names as an object of objects; None is not recorded, so it is left out."""
    tree: dict[str, Any] = {}
    for name, value in facts.items():
        if value is None:
            continue
        here = tree
        *way, last = name.split(".")
        for part in way:
            here = here.setdefault(part, {})
        here[last] = value
    return tree


@dataclass
class _Maker:
    """Draws one change after the other from the seed's stream."""

    draw: random.Random
    services: Mapping[str, _Service]
    freezes: tuple[_Freeze, ...]

    def maybe(self, chance: float) -> bool:
        return self.draw.random() < chance

    def pick(self, weights: Mapping[str, int]) -> str:
        return self.draw.choices(tuple(weights), tuple(weights.values()))[0]

    def moments(self) -> Iterator[datetime]:
        """When changes were merged: weekdays, mostly between 7 and 17 UTC."""
        day = START
        while day < END:
            mean = PER_WORKDAY if day.weekday() < 5 else 0.9
            for _ in range(round(self.draw.gauss(mean, mean / 5))):
                minutes = self.draw.triangular(6.5 * 60, 18.5 * 60, 11 * 60)
                yield day + timedelta(minutes=round(minutes))
            day += timedelta(days=1)

    def background(self) -> Iterator[dict[str, Any]]:
        for at in self.moments():
            service = self.pick(SHARES)
            kinds = self.kinds(service)
            frozen = [f for f in self.freezes if f.holds(service, at) and set(kinds) & set(f.kinds)]
            if frozen and self.maybe(0.7):
                continue  # it waited for the end of the freeze
            sha = f"{self.draw.getrandbits(28):07x}"
            labels = ["break-glass"] if frozen and self.maybe(0.75) else []
            yield self.change(service, sha, at, kinds, {"labels": labels})

    def kinds(self, service: str) -> list[str]:
        weights = dict(KINDS)
        if service in CONFIG_HEAVY:
            weights |= {"config": 34, "code": 40}
        if service == "order-flow":
            weights |= {"schema": 9, "resilience": 5}
        first = self.pick(weights)
        kinds = [first]
        if first == "code" and self.maybe(0.3):
            kinds.append("tests")
        if first == "schema" and self.maybe(0.45):
            kinds.append("code")
        return sorted(kinds)

    def age(self, at: datetime) -> float:
        """0 at the start of the six quarters, 1 at their end."""
        return (at - START) / (END - START)

    def change(
        self, service: str, sha: str, at: datetime, kinds: list[str], said: Mapping[str, Any]
    ) -> dict[str, Any]:
        """One row of the ledger; ``said`` holds what a postmortem's file fixes."""
        ai = self.ai(service, at, said)
        lines = int(said.get("lines") or self.size(kinds, ai["state"]))
        deleted = round(lines * self.draw.uniform(0.05, 0.6))
        deployed = at + timedelta(minutes=said.get("minutes", self.draw.randint(4, 420)))
        labels = list(said.get("labels", ()))
        if ai["state"] == "evidenced" and ai["source"] == "pull-request label":
            labels.append("ai-assisted")
        key = change_key(service, sha)
        return {
            "id": stable_id("change", key),
            "key": key,
            "organisation": "own",
            "repo": f"fernwick/{service}",
            "service": service,
            "title": said.get("title") or self.draw.choice(TITLES[self.titled(kinds)]),
            "merged_at": at,
            "deployed_at": deployed,
            "kinds": [] if "sha" not in said and self.maybe(0.012) else kinds,
            "paths": self.paths(service, kinds),
            "labels": labels,
            "files": max(1, round(lines / self.draw.uniform(18, 60))),
            "lines_added": lines,
            "lines_deleted": deleted,
            "ai_state": ai["state"],
            "ai_evidence": ai["evidence"],
            "label_source": ai["source"],
            "reverted_30d": self.reverted(at, said),
            "facts": self.facts(service, at, deployed, kinds, ai, said, sha),
        }

    def titled(self, kinds: list[str]) -> str:
        return next(
            (kind for kind in ("schema", *kinds) if kind in kinds and kind in TITLES), "code"
        )

    def size(self, kinds: list[str], ai_state: str) -> int:
        typical = 12 if set(kinds) & {"config", "flag", "docs"} else 70
        wider = 1.4 if ai_state == "evidenced" else 1.0
        return max(1, round(self.draw.lognormvariate(0, 0.9) * typical * wider))

    def paths(self, service: str, kinds: list[str]) -> list[str]:
        root = self.services[service].paths[0].removesuffix("/**")
        return sorted({f"{root}/{PLACES.get(kind, 'src/main.py')}" for kind in kinds})

    def reverted(self, at: datetime, said: Mapping[str, Any]) -> bool | None:
        if at > END - FOLLOW_UP:
            return True if said.get("reverted") == "true" else None
        chance = self.maybe(0.014)
        return said.get("reverted") == "true" or (chance and "sha" not in said)

    def ai(self, service: str, at: datetime, said: Mapping[str, Any]) -> dict[str, Any]:
        """What is known of AI in the change. The draw is the same whatever comes of it."""
        quarter = Quarter.of(at)
        place = (quarter.year - 2025) * 4 + quarter.number - 2
        evidenced, none = AI[min(max(place, 0), len(AI) - 1)]
        number, tool, source = (
            self.draw.random(),
            self.draw.choices(TOOLS, (6, 3, 1))[0],
            self.draw.choices(SOURCES, (6, 3, 1))[0],
        )
        state = "evidenced" if number < evidenced else "unknown"
        if evidenced <= number < evidenced + none:
            state = "attested_none"
        state = said.get("ai", state)
        name = said.get("tool", tool[0])
        return {
            "state": state,
            "tool": name,
            "model": dict(TOOLS).get(name, tool[1]),
            "source": {"evidenced": source, "attested_none": "pull-request form"}.get(state, ""),
            "evidence": f"Co-authored-by: {name}" if state == "evidenced" else "",
        }

    def facts(
        self, service: str, at: datetime, deployed: datetime, kinds: list[str],
        ai: Mapping[str, Any], said: Mapping[str, Any], sha: str,
    ) -> dict[str, Any]:  # fmt: skip
        named = said.get("sha") is not None
        facts: dict[str, Any] = {"type": said.get("type") or self.type_of(kinds)}
        facts |= self.provenance(ai, said)
        facts |= self.review(service, said, named)
        facts |= self.tests(kinds)
        facts |= self.rollout(kinds, said, named)
        facts["checks"] = self.checks(service, at, kinds, said, named)
        if "schema" in kinds:
            way_back = self.maybe(0.8)
            facts["migration.reversible"] = said.get("reversible", str(way_back).lower()) == "true"
        if "infra" in kinds or "network" in kinds:
            facts["infra.destroys"] = 0 if self.maybe(0.93) else self.draw.randint(1, 3)
        known = self.services[service]
        linked = self.maybe(0.55 + 0.4 * self.age(at))
        facts |= {
            "agentConfig.changed": said.get("agent_config") == "true" or self.maybe(0.01),
            "secrets.found": None if self.maybe(0.12) else self.maybe(0.002),
            "deploy.ref": sha if linked else None,
            "deploy.linked": linked,
            "freeze.active": any(f.holds(service, deployed) for f in self.freezes),
            "killSwitch.testedDays": _days_since(known.switch_tried, deployed),
            "drill.lastPassedDays": _days_since(known.drilled, deployed),
        }
        return _nested(facts)

    def type_of(self, kinds: list[str]) -> str:
        if kinds[0] in ("config", "docs", "tests"):
            return kinds[0]
        return self.draw.choices(("feature", "fix", "refactor", "revert"), (55, 30, 13, 2))[0]

    def provenance(self, ai: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
        autonomy = self.draw.choices(
            ("suggested", "drafted", "acted_with_approval", None), (45, 35, 5, 15)
        )[0]
        session, model = self.draw.getrandbits(16), self.maybe(0.6)
        if ai["state"] != "evidenced":
            return {"ai.influenced": False if ai["state"] == "attested_none" else None}
        return {
            "ai.influenced": True,
            "ai.tools": [ai["tool"]],
            "ai.autonomy": said.get("autonomy", autonomy),
            "provenance.model": ai["model"] if model else None,
            "provenance.sessionRef": said.get("session", f"s-{session:04x}" if model else None)
            or None,
        }

    def review(self, service: str, said: Mapping[str, Any], named: bool) -> dict[str, Any]:
        careful = self.services[service].tier == 0
        owners = self.draw.choices((0, 1, 2, 3), (4, 60, 31, 5) if careful else (9, 70, 18, 3))[0]
        recorded = named or not self.maybe(0.03)
        alone = self.maybe(0.04)
        return {
            "approvals.owners": int(said.get("owners", owners)) if recorded else None,
            "approvals.selfMerge": said.get("self_merge") == "true" or alone,
        }

    def tests(self, kinds: list[str]) -> dict[str, Any]:
        results = ("passed", "failed", "not_run", None)
        drawn = [self.draw.choices(results, weights)[0] for weights in TEST_WEIGHTS]
        names = ("tests.contract", "tests.fuzz", "tests.property")
        return dict(zip(names, drawn, strict=True)) if "code" in kinds else {}

    def rollout(self, kinds: list[str], said: Mapping[str, Any], named: bool) -> dict[str, Any]:
        """Code goes out by canary; files that are pushed mostly do not. That is the friction."""
        pushed = bool(set(kinds) & {"config", "flag", "dns"})
        weights = (34, 42, 20, 4, 0) if pushed else (6, 30, 52, 8, 4)
        names = ("all-at-once", "rolling", "canary", "blue-green", "flag")
        strategy = said.get("rollout") or self.draw.choices(names, weights)[0]
        slow = strategy in ("canary", "blue-green")
        automatic, regions = self.maybe(0.85 if slow else 0.35), self.draw.choice((1, 1, 4))
        percent = self.draw.choice((1, 5, 5, 10))
        if not named and self.maybe(0.04):
            return {}
        return {
            "rollout.strategy": strategy,
            "rollout.autoRollback": said.get("auto_rollback", str(automatic).lower()) == "true",
            "rollout.maxRegions": int(said.get("regions", regions if slow else 4)),
            "rollout.firstStepPercent": percent if slow else 100,
        }

    def checks(
        self, service: str, at: datetime, kinds: list[str], said: Mapping[str, Any], named: bool
    ) -> list[str] | None:
        passed = {"lint", "unit"}
        for name in sorted({CHECK_OF[kind] for kind in kinds if kind in CHECK_OF}):
            early, late = LEFT_OUT[name]
            if not self.maybe(early + (late - early) * self.age(at)) or named:
                passed.add(name)
        if service in ("edge-gateway", "payments-gateway") and self.maybe(self.age(at) * 1.4):
            passed.add("expiry")
        passed = (passed | set(said.get("checks", ()))) - set(said.get("missing", ()))
        return None if not named and self.maybe(0.015) else sorted(passed)


def _named(maker: _Maker, row: Mapping[str, Any]) -> dict[str, Any]:
    kinds = sorted(row.get("kinds", ["code"]))
    return maker.change(row["service"], row["sha"], row["at"], kinds, {"minutes": 2, **row})


def generate(
    company: Mapping[str, Any], named: Sequence[Mapping[str, Any]], *, seed: int = SEED
) -> SampleLedger:
    """The whole ledger: the same for the same company, named changes and seed."""
    draw = random.Random(seed)  # noqa: S311 - a reproducible story, not a secret
    maker = _Maker(draw, _services(company), _freezes(company))
    changes = {change["key"]: change for change in maker.background()}
    for row in sorted(named, key=lambda item: (item["at"], item["key"])):
        changes[row["key"]] = _named(maker, row)
    ordered = sorted(changes.values(), key=lambda change: (change["merged_at"], change["key"]))
    deployments, links = deployments_of(ordered, draw)
    return SampleLedger(tuple(ordered), tuple(deployments), tuple(links))
