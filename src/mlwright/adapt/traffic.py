"""Who answers whom while a challenger is tried: moves of the registry that change nothing when they are made twice."""

from __future__ import annotations

from mlwright.adapt.forms import learning
from mlwright.adapt.policy import Policy
from mlwright.model import Model
from mlwright.registry.names import CHAMPION
from mlwright.registry.traffic import Traffic
from mlwright.registry.workspace import Workspace

WHO = "mlwright adapt"


def sticky(before: Traffic, policy: Policy, champion: Model) -> str | None:
    """Return the field whose value decides who answers: the same customer is always answered by the same version."""
    return before.sticky or policy.sticky or learning(champion).subject(champion)


def shadowed(before: Traffic, challenger: int) -> Traffic:
    """Return the traffic in which the challenger answers unheard."""
    return Traffic({}, before.sticky, tuple(dict.fromkeys((*before.shadow, str(challenger)))))


def split(before: Traffic, by: str | None, rivals: tuple[int, int], percent: float) -> Traffic:
    """Return the traffic in which the challenger answers some requests; each row is answered unheard by the other."""
    champion, challenger = rivals
    heard = percent / 100.0
    unheard = (str(champion), *((str(challenger),) if heard < 1.0 else ()))
    return Traffic({str(challenger): heard}, by, tuple(dict.fromkeys((*before.shadow, *unheard))))


def afterwards(before: Traffic, former: int) -> Traffic:
    """Return the traffic in which the former champion goes on unheard."""
    return Traffic({}, before.sticky, tuple(dict.fromkeys((*before.shadow, str(former)))))


def put(workspace: Workspace, name: str, traffic: Traffic) -> None:
    """Let the traffic be so."""
    if workspace.traffic(name) != traffic:
        workspace.set_traffic(name, traffic)


def champion_of(workspace: Workspace, name: str) -> int:
    """Return the version that the bare name means. Raises ModelError where there is none."""
    return workspace.find(name).version


def pin(workspace: Workspace, name: str) -> int:
    """Return the version that the bare name means, and see that it stays so when a newer one is registered."""
    version = champion_of(workspace, name)
    if CHAMPION not in workspace.aliases(name):
        why = "it was what the name meant: no other version takes its place by being newer"
        workspace.promote(name, version, why=why, who=WHO)
    return version


def promote(workspace: Workspace, name: str, version: int, former: int, why: str) -> None:
    """Let a version be the champion instead of the former one. Raises ModelError where a person has moved it since."""
    if champion_of(workspace, name) != version:
        workspace.promote(name, version, why=why, who=WHO, instead_of=former)


def roll_back(workspace: Workspace, name: str, version: int, former: int, why: str) -> None:
    """Let the former champion be it again: as a rollback where the history says so, else as a promotion.

    Raises ModelError where a person has made another one champion since.
    """
    if champion_of(workspace, name) == former:
        return
    moves = [move for move in workspace.history(name) if move.alias == CHAMPION]
    if moves and moves[0].action == "promote" and moves[0].before == former:
        workspace.rollback(name, why=why, who=WHO, instead_of=version)
    else:
        workspace.promote(name, former, why=why, who=WHO, instead_of=version)


def last_mover(workspace: Workspace, name: str) -> str | None:
    """Return who moved the champion last; None where nobody has."""
    return next((move.who for move in workspace.history(name) if move.alias == CHAMPION), None)
