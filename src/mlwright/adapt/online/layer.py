"""The fast layer between retrainings: a few small corrections, weighed by how they do, and used while they win.

The model stays as it is. The layer stands behind it: it takes the model's answers and returns answers of the same
shape. It is judged prequentially: each row is answered with what was learned from outcomes that had come in before the
row was answered, however late its own outcome comes. One of the corrections is to correct nothing; how they are weighed
is `corrections.Weights`, whose bound would hold for the answers themselves if each outcome were known before the next
question; outcomes come later, so the bound alone is not relied upon. Until a sequential test has proven that the
weighed answers win (`switch.Switch`), and once it has proven that they lose, the layer returns the model's own answers,
bit for bit.

Everything is a function of the sequence of outcomes alone: in what portions they come, and how often the state is saved
and read back in between, changes no bit of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlwright.adapt.online.corrections import Correction, Weights
from mlwright.adapt.online.inputs import Inputs
from mlwright.adapt.online.spaces import Floats, Space, space_from
from mlwright.adapt.online.switch import Switch
from mlwright.columns import Columns
from mlwright.errors import DataError, ModelError

Moments = NDArray[np.int64]

BLOCK = 64
"""Outcomes that are learned from together."""
MEMORIES = (500.0, 4_000.0)
"""How long corrections remember, in rows: short for sudden changes, long for slight ones."""
EDITIONS = 64
"""Editions that are kept, to know which one answered a row whose outcome comes in late."""
SPACING = 48
"""The time that outcomes take is divided into so many parts, and each part has at most one edition."""
SLOWEST = 0.9
"""So many of the outcomes take no longer than the time that is divided."""
DEFAULT = 0.5
"""The first weight of correcting nothing; the corrections share the rest."""


@dataclass(frozen=True, slots=True)
class Edition:
    """What the layer answers with from a moment on."""

    since: int
    used: bool
    weights: Floats
    coefficients: tuple[Floats, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """How the layer does: mean losses over the rows it was judged on, each as answered at the time."""

    rows: int
    model: float
    """The model's own answers."""
    layer: float
    """The layer's answers, had they always been used."""
    given: float
    """The answers that were used: the layer's while it was switched on, the model's otherwise."""
    used: bool
    since: int | None
    """When it was last switched on or off, in microseconds since 1970; None: never."""
    weights: Mapping[str, float]


class OnlineLayer:
    """A correction on top of a model that learns from outcomes.

    Parameters
    ----------
    space
        `Chances(classes)`, or `Amounts.fitted(y, P)` for numbers.
    inputs
        What it reads of a row besides the model's answer; nothing: it recalibrates only.
    level
        The probability of ever being used where it gains nothing.
    """

    def __init__(self, space: Space, inputs: Inputs = Inputs(), *, level: float = 0.05) -> None:  # noqa: B008  frozen
        self.space, self.inputs = space, inputs
        widths = (0, len(inputs.inputs)) if inputs.inputs else (0,)
        self.corrections = [Correction(space, width, memory) for width in widths for memory in MEMORIES]
        share = (1.0 - DEFAULT) / len(self.corrections)
        self._weights = Weights(np.array([DEFAULT, *[share] * len(self.corrections)]), space.rate)
        self._switch = Switch(level)
        self._clock, self._late = -(1 << 62), 0
        self._editions = [self._edition()]
        self._waiting = _Waiting.none(space.outputs, len(inputs.inputs))
        self._judged, self._lost = 0, np.zeros(3)

    @property
    def used(self) -> bool:
        """Whether its answers are used now."""
        return self._editions[-1].used

    @property
    def standing(self) -> Standing:
        """How it does; means are NaN before any row was judged."""
        model, layer, given = (self._lost / self._judged if self._judged else np.full(3, np.nan)).tolist()
        names = ["nothing", *[each.name for each in self.corrections]]
        weights = dict(zip(names, self._weights.now.tolist(), strict=True))
        return Standing(self._judged, model, layer, given, self.used, self._switch.since, weights)

    def answer(self, P: Floats, columns: Columns | None = None, *, at: int | None = None) -> Floats:
        """Return answers (n, k) in place of the model's: the same ones, bit for bit, while the layer is not used.

        Parameters
        ----------
        P
            (n, k) the model's answers: probabilities, or (n, 1) numbers.
        columns
            The rows' columns; those that `inputs` names are read.
        at
            The moment of the question, in microseconds since 1970: what was known before it is used, and the model's
            own answers are returned where it is so long ago that nobody knows. None: all that is known now.

        Raises
        ------
        ColumnError, DataError.
        """
        self._check(P)
        edition = self._editions[-1] if at is None else self._in_force(at)
        if edition is None or not edition.used:
            return P
        return self._weighed(edition, self._answers(edition, P, self.inputs.read(columns, len(P))))

    def would_answer(self, P: Floats, columns: Columns | None = None) -> Floats:
        """Return what `answer` would return now if the layer were used. Raises ColumnError, DataError."""
        self._check(P)
        edition = self._editions[-1]
        return self._weighed(edition, self._answers(edition, P, self.inputs.read(columns, len(P))))

    def learn(
        self, P: Floats, columns: Columns | None = None, *, y: Floats, answered: Moments, matured: Moments
    ) -> None:
        """Learn from outcomes, in the order in which they came in.

        Parameters
        ----------
        P, columns
            As in `answer`: the model's own answers.
        y
            (n,) the outcomes: positions of classes, or numbers. NaN: unknown, and nothing is learned.
        answered, matured
            (n,) when the rows were answered and when their outcomes came in, in microseconds since 1970.

        Raises
        ------
        ColumnError, DataError.
        """
        self._check(P)
        X = self.inputs.read(columns, len(P))
        known = np.isfinite(y)
        new = _Waiting(P[known], X[known], y[known], answered[known], matured[known])
        waiting = self._waiting.then(new)
        while len(waiting.y) >= BLOCK:
            self._take(waiting.part(0, BLOCK))
            waiting = waiting.part(BLOCK, len(waiting.y))
        self._waiting = waiting

    def _check(self, P: Floats) -> None:
        if P.ndim != 2 or P.shape[1] != self.space.outputs or not np.isfinite(P).all():
            raise DataError(
                f"The layer corrects {self.space.outputs} finite numbers a row, and was given {P.shape}.",
                hint="it belongs to one version of a model.",
            )

    def _take(self, block: _Waiting) -> None:
        """Judge a block of rows by what answered them, and only then learn from it."""
        self._judge(block)
        raw = self.space.raw(block.P)
        for correction in self.corrections:
            correction.learn(raw, block.X, block.y)
        self._clock = max(self._clock, int(block.matured.max()))
        usual = int(np.quantile(block.matured - block.answered, SLOWEST))
        self._late = max(usual, int(SLOWEST * self._late))  # follows at once where outcomes come later, slowly back
        if self._clock - self._editions[-1].since >= self._late // SPACING:
            self._editions = [*self._editions[1 - EDITIONS :], self._edition()]

    def _judge(self, block: _Waiting) -> None:
        """Weigh the experts and the whole by what each row's own edition said of it.

        Rows that were answered before the first edition that is still known teach, and say nothing of how well.
        """
        since = np.array([edition.since for edition in self._editions])
        place = np.searchsorted(since, block.answered, side="left") - 1
        losses = np.full((len(block.y), len(self.corrections) + 3), np.nan)
        for at in np.unique(place[place >= 0]):
            rows, edition = place == at, self._editions[at]
            y, answers = block.y[rows], self._answers(edition, block.P[rows], block.X[rows])
            weighed = self._weighed(edition, answers)
            lost = [self.space.losses(y, each) for each in (*answers, weighed)]
            losses[rows] = np.column_stack([*lost, lost[-1] if edition.used else lost[0]])
        losses = losses[place >= 0]
        if not len(losses):
            return
        model, layer, given = losses[:, 0], losses[:, -2], losses[:, -1]
        self._judged += len(losses)
        self._lost = self._lost + np.array([model.sum(), layer.sum(), given.sum()])
        self._weights.learn(losses[:, :-2].sum(axis=0))
        self._switch.add(np.clip((model - layer) / self.space.most, -1.0, 1.0), int(block.matured.max()))

    def _edition(self) -> Edition:
        coefficients = tuple(each.coefficients for each in self.corrections)
        return Edition(self._clock, self._switch.on, self._weights.now, coefficients)

    def _in_force(self, at: int) -> Edition | None:
        """Return what answered at a moment; None where that is no longer known."""
        return next((edition for edition in reversed(self._editions) if edition.since < at), None)

    def _answers(self, edition: Edition, P: Floats, X: Floats) -> list[Floats]:
        """Return what each expert answers, the model itself first."""
        raw = self.space.raw(P)
        pairs = zip(self.corrections, edition.coefficients, strict=True)
        return [P, *[each.answer(coefficients, raw, X) for each, coefficients in pairs]]

    @staticmethod
    def _weighed(edition: Edition, answers: list[Floats]) -> Floats:
        """Return the average answer."""
        weighed: Floats = np.einsum("e,enk->nk", edition.weights, np.stack(answers))
        return weighed

    def state(self) -> dict[str, Any]:
        """Return all that is needed to go on, for JSON."""
        return {
            "space": self.space.to_dict(),
            "inputs": self.inputs.to_list(),
            "level": self._switch.level,
            "clock": [self._clock, self._late],
            "corrections": [each.state() for each in self.corrections],
            "weights": self._weights.state(),
            "switch": self._switch.state(),
            "editions": [
                [each.since, each.used, each.weights.tolist(), [some.tolist() for some in each.coefficients]]
                for each in self._editions
            ],
            "waiting": self._waiting.state(),
            "judged": [self._judged, self._lost.tolist()],
        }

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> OnlineLayer:
        """Return the layer that a state is of. Raises ModelError where it is none."""
        try:
            inputs = Inputs.from_list(state["inputs"])
            layer = cls(space_from(state["space"]), inputs, level=float(state["level"]))
            for each, kept in zip(layer.corrections, state["corrections"], strict=True):
                each.restore(kept)
            layer._restore(state)
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, ModelError):
                raise
            raise ModelError(f"The layer's state cannot be read: {error}.", hint="start it anew.") from error
        return layer

    def _restore(self, state: Mapping[str, Any]) -> None:
        self._clock, self._late = map(int, state["clock"])
        self._weights.restore(state["weights"])
        self._switch.restore(state["switch"])
        shapes = [each.coefficients.shape for each in self.corrections]
        self._editions = [
            Edition(
                int(since),
                bool(used),
                np.array(weights, dtype=np.float64).reshape(len(shapes) + 1),
                tuple(
                    np.array(kept, dtype=np.float64).reshape(shape)
                    for kept, shape in zip(coefficients, shapes, strict=True)
                ),
            )
            for since, used, weights, coefficients in state["editions"]
        ]
        self._waiting = _Waiting.restored(state["waiting"], self.space.outputs, len(self.inputs.inputs))
        judged, lost = state["judged"]
        self._judged, self._lost = int(judged), np.array(lost, dtype=np.float64).reshape(3)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Rows with outcomes that do not fill a block yet."""

    P: Floats
    X: Floats
    y: Floats
    answered: Moments
    matured: Moments

    @classmethod
    def none(cls, outputs: int, inputs: int) -> _Waiting:
        return cls.restored([[], [], [], [], []], outputs, inputs)

    def then(self, later: _Waiting) -> _Waiting:
        pairs = zip(self._all(), later._all(), strict=True)
        return _Waiting(*(np.concatenate(pair) for pair in pairs))

    def part(self, start: int, stop: int) -> _Waiting:
        return _Waiting(*(each[start:stop] for each in self._all()))

    def state(self) -> list[Any]:
        return [each.tolist() for each in self._all()]

    @classmethod
    def restored(cls, state: list[Any], outputs: int, inputs: int) -> _Waiting:
        P, X, y, answered, matured = state
        return cls(
            np.array(P, dtype=np.float64).reshape(-1, outputs),
            np.array(X, dtype=np.float64).reshape(len(y), inputs),
            np.array(y, dtype=np.float64),
            np.array(answered, dtype=np.int64),
            np.array(matured, dtype=np.int64),
        )

    def _all(self) -> tuple[NDArray[Any], ...]:
        return (self.P, self.X, self.y, self.answered, self.matured)
