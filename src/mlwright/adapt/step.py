"""One step of an adaptation: what is read for it, and what every kind of step may come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlwright.adapt import traffic
from mlwright.adapt.forms import learning
from mlwright.adapt.kept import Adaptation, Adaptations, Fence, Stage, Verdict
from mlwright.adapt.material import Plan
from mlwright.adapt.policy import SECOND, Policy, policy_from
from mlwright.adapt.proof import Rivals
from mlwright.adapt.rows import Known, matured
from mlwright.adapt.window import Reach
from mlwright.model import Model
from mlwright.registry.traffic import Traffic
from mlwright.registry.workspace import Workspace
from mlwright.serve.record import Record

MARGIN = 60 * SECOND
"""What is younger is not looked at yet: a row that is being written now must not come behind the cursor."""


@dataclass(frozen=True, slots=True)
class World:
    """All that an adaptation reads and changes."""

    kept: Adaptations
    workspace: Workspace
    record: Record | None
    """None where nothing is recorded: a challenger is then proven on the rows that are brought."""
    fence: Fence | None = None
    """The lease under which this process acts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """Where an adaptation stands after a step."""

    stage: Stage
    what: str
    sentence: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    """Of the state."""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    verdict: Verdict | None = None
    challenger: int | None = None


class Step:
    """One adaptation at one moment."""

    def __init__(self, world: World, adaptation: Adaptation, now: int) -> None:
        self.world, self.adaptation, self.now = world, adaptation, now
        self.state = adaptation.state
        self.policy: Policy = policy_from(adaptation.state["policy"])
        self.name = adaptation.name
        self.until = now - MARGIN

    # --- what is read ------------------------------------------------------------------------------------------------

    @property
    def before(self) -> Traffic:
        """The traffic before the adaptation."""
        return Traffic.from_dict(self.state["traffic"])

    @property
    def champion(self) -> Model:
        """The version that was champion when it began."""
        return self.world.workspace.open(f"{self.name}@{self.adaptation.champion}")

    @property
    def challenger(self) -> int:
        """The version that was built."""
        return self.adaptation.challenger or 0

    def rivals(self) -> Rivals:
        """Return both versions."""
        challenger = self.world.workspace.open(f"{self.name}@{self.challenger}")
        hidden = tuple(self.state.get("material", {}).get("hidden", ()))
        return Rivals(self.champion, challenger, self.policy, self.world.record, hidden)

    def plan(self, until: int) -> Plan:
        """Return what was settled about the rows that teach."""
        return Plan(
            id=self.adaptation.id,
            name=self.name,
            policy=self.policy,
            reach=Reach.from_dict(self.state["reach"]),
            until=until,
            learned=self.state.get("learned"),
            source=self.state.get("source"),
            before=tuple(self.state.get("before", ())),
        )

    def held_back(self, champion: Model) -> tuple[Known, Known]:
        """Return what was kept back when the rows were settled that teach, and what taught."""
        plan = self.plan(int(self.state["until"]))
        return learning(champion).held_back(self.world.workspace, self.world.record, champion, plan)

    def new_rows(self, after: int, until: int) -> Known:
        """Return rows that begin to count in a time."""
        if self.world.record is None:
            return Known()
        delay = self.policy.us("delay")
        return matured(self.world.record, self.name, delay=delay, after=after, until=until)

    def lasts(self) -> int:
        """Return how long the stage lasts by now, in microseconds."""
        return self.now - int(self.state.get("since", self.now))

    # --- what is decided ---------------------------------------------------------------------------------------------

    def ended(self, verdict: Verdict, what: str, sentence: str, evidence: Mapping[str, Any] | None = None) -> Next:
        """Let everything be as before, and return that it has ended."""
        workspace, name, champion = self.world.workspace, self.name, self.adaptation.champion
        if verdict != "promoted" and self.is_promoted and not self.by_a_person:
            traffic.roll_back(workspace, name, self.challenger, champion, sentence)
        traffic.put(workspace, name, self.before)
        return Next(stage="ended", what=what, sentence=sentence, evidence=evidence or {}, verdict=verdict)

    @property
    def is_promoted(self) -> bool:
        """Whether the challenger is champion by now."""
        return self.challenger > 0 and traffic.champion_of(self.world.workspace, self.name) == self.challenger

    @property
    def by_a_person(self) -> bool:
        """Whether the champion was last moved by somebody else than an adaptation."""
        return traffic.last_mover(self.world.workspace, self.name) != traffic.WHO

    def overtaken(self) -> Next | None:
        """Return that a person has made another version the champion, so that there is nothing left to decide."""
        champion = traffic.champion_of(self.world.workspace, self.name)
        if champion in {self.adaptation.champion, self.adaptation.challenger}:
            return None
        verdict: Verdict = "promoted" if self.adaptation.stage == "promoted" else "cancelled"
        said = f"{self.name}@{champion} was promoted meanwhile, which is neither of the two that are compared."
        return self.ended(verdict, "give way", said, {"champion": champion})

    def is_served(self) -> bool:
        """Tell whether anything is recorded of the model, so that a challenger can answer beside it."""
        record = self.world.record
        return record is not None and self.name in record.models()
