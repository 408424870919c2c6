"""PairedTrial: whether a challenger is better than the champion, decided as soon as the outcomes allow.

It may be looked at after every outcome. Where the challenger is no better, it is promoted with probability alpha at
most, over all looks together; see `capital` for why, and `pairs` for what counts, when, and in which order.

What is tested: that the difference of losses is, whatever was before, at most `margin` on average. Where the two change
places over time, a trial may find that the challenger was better for a while.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from mlwright.adapt.capital import Capital
from mlwright.adapt.pairs import Differences, Floats
from mlwright.adapt.running import reach
from mlwright.errors import DataError, ModelError, OptionError
from mlwright.evaluate.gates.measured import points, span
from mlwright.evaluate.wording import count, number

Flags = NDArray[np.bool_]
Question = Literal["promotion", "rollback"]
Verdict = Literal["promote", "refuse", "roll back", "keep", "go on"]
Why = Literal["evidence", "too little", "too late", "enough seen", "undecided"]

EVERY = 250
"""After so many differences it is looked whether going on is worth it: by their number, not by when somebody looks, so
that a trial that is replayed ends where it ended."""
DIGEST = 8
"""Bytes kept of each unit that has counted: among 5,000 units two are the same with probability 1e-12."""
HOPELESS = 0.05
"""A trial ends where it would succeed with a smaller chance than this, were the difference as large as it may be."""
_VERDICTS: Mapping[Question, tuple[Verdict, Verdict]] = {
    "promotion": ("promote", "refuse"),
    "rollback": ("roll back", "keep"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a trial is about, settled before it begins.

    Of a rollback, the "challenger" is the former champion, and what is tested is that the one that took its place is
    no worse: the same test, mirrored.
    """

    question: Question = "promotion"
    alpha: float = 0.05
    """The probability of promoting a challenger that is no better (of rolling back one that is no worse), at most."""
    margin: float = 0.0
    """The challenger has to lose less by more than this; below 0: it may be worse by so much."""
    worth: float = 0.005
    """A smaller difference is not worth a promotion: the trial ends when the difference is surely smaller."""
    most: int = 5_000
    """So many differences are waited for at most; stakes are laid so as to know by then."""
    bound: float = 1.0
    """Differences are clipped to +- this; see `pairs.loss_bound`. 1 where losses are errors, which are 0 or 1."""
    lowest_share: float = 1.0
    """1 where both answer every row; of canary traffic, the smallest share of it that either of the two ever gets."""
    is_share: bool = True
    """Whether losses are read as shares of rows: differences of them are told in points."""

    def check(self) -> None:
        """Raise OptionError where the terms cannot be."""
        if self.question not in _VERDICTS:
            raise OptionError.unknown("question", str(self.question), _VERDICTS)
        for name, value, low, high in (
            ("alpha", self.alpha, 0.0, 1.0),
            ("bound", self.bound, 0.0, math.inf),
            ("margin", self.margin, -self.bound, self.bound),
            ("lowest_share", self.lowest_share, 0.0, 1.0 + 1e-12),
        ):
            if not low < value < high:
                raise OptionError(f"A trial's {name} cannot be {value:g}.", hint=f"give one of {low:g} to {high:g}.")
        if not self.margin <= self.worth < math.inf:
            raise OptionError(
                f"A difference of {self.worth:g} cannot be the smallest that is worth it: {self.margin:g} is asked for."
            )
        if self.most < 1:
            raise OptionError(f"A trial of at most {self.most} rows finds nothing.", hint="allow some thousand.")

    @property
    def span(self) -> float:
        """No difference is farther from another than this."""
        return 2.0 * self.bound * (1.0 / self.lowest_share)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a trial has come to, in one sentence and in numbers."""

    verdict: Verdict
    why: Why
    sentence: str
    counted: int
    """Differences seen, one of each unit."""
    difference: float
    """How much less the challenger loses on average; NaN before the first difference."""
    interval: tuple[float, float]
    """It holds the running mean of what differences are expected to be at every look, with probability 1 - 2 alpha. It
    asks for less than the test does, and is a little more cautious: it may still reach to the margin at a promotion."""
    evidence: float
    needed: float
    """The capital, and where it has to come to."""
    p: float
    """The smallest alpha at which it would have been decided so by now; at most 1."""
    clipped: int

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        plain = asdict(self)
        plain["interval"] = list(self.interval)
        return {key: None if isinstance(value, float) and not math.isfinite(value) else value
                for key, value in plain.items()}  # fmt: skip


@dataclass(slots=True)
class _Sums:
    """Running sums of the differences."""

    total: float = 0.0
    variance: float = 0.0
    """Of the squared distances from what the mean so far foretold."""
    clipped: int = 0


@dataclass(slots=True)
class PairedTrial:
    """A sequential test of a challenger against the champion by differences of their losses.

    Everything is a function of the differences in their order: in what portions they come, how often one looks, and
    whether the trial was saved and read back in between changes no bit of it. What was seen before counts for nothing,
    so that a portion that is given twice does no harm.

    Parameters
    ----------
    terms
        What is asked. Raises OptionError where it cannot be.

    Examples
    --------
    >>> from mlwright.adapt.pairs import paired
    >>> trial = PairedTrial(Terms())
    >>> champion = np.tile([1.0, 0.0, 0.0, 0.0], 20)  # the challenger is always right
    >>> trial.see(paired([str(row) for row in range(80)], champion, np.zeros(80), bound=1.0))
    >>> trial.decision().verdict
    'promote'

    """

    terms: Terms
    ended: Why | None = field(default=None, init=False)
    """Why it ended; a trial that has ended counts nothing more."""
    _capital: Capital = field(init=False, repr=False)
    _sums: _Sums = field(default_factory=_Sums, init=False, repr=False)
    _counted: set[bytes] = field(default_factory=set, init=False, repr=False)

    def __post_init__(self) -> None:
        terms = self.terms
        terms.check()
        self._capital = Capital(1, goal=1.0 / terms.alpha, margin=terms.margin, most=terms.most)

    def see(self, differences: Differences) -> None:
        """Count differences, the first of each unit. Raises DataError where one can be farther off than the terms say.

        Nothing is counted where it raises.
        """
        if len(differences) and np.max(differences.highest - differences.lowest) > self.terms.span * (1.0 + 1e-9):
            raise DataError(
                "A difference can be larger than the trial's terms allow.",
                hint="rows were answered while a version got less than lowest_share of the traffic: leave them out.",
            )
        for place, key in enumerate(differences.keys):
            if self.ended:
                return
            digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=DIGEST).digest()
            if digest not in self._counted:
                self._counted.add(digest)
                self._one(differences, place)

    def decision(self) -> Decision:
        """Return what is known by now. Looking changes nothing."""
        good, bad = _VERDICTS[self.terms.question]
        verdict: Verdict = good if self.ended == "evidence" else bad if self.ended else "go on"
        seen, needed = self._capital.seen, 1.0 / self.terms.alpha
        difference = self._sums.total / seen if seen else math.nan
        found = Decision(
            verdict=verdict,
            why=self.ended or "undecided",
            sentence="",
            counted=seen,
            difference=difference,
            interval=self._interval(),
            evidence=float(self._capital.evidence[0]),
            needed=needed,
            p=min(1.0, 1.0 / float(self._capital.best[0])),
            clipped=self._sums.clipped,
        )
        return _told(found, self.terms)

    def to_dict(self) -> dict[str, Any]:
        """Return the whole state for JSON: some hundred bytes, and 11 for each unit that has counted."""
        return {
            "terms": asdict(self.terms),
            "ended": self.ended,
            "capital": self._capital.state(),
            "sums": asdict(self._sums),
            "counted": base64.b64encode(b"".join(sorted(self._counted))).decode("ascii"),
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> PairedTrial:
        """Return the trial that `to_dict` has written. Raises ModelError where it is none."""
        try:
            trial = cls(Terms(**plain["terms"]))
            trial.ended = plain["ended"]
            if trial.ended not in (None, *get_args(Why)):
                raise ValueError(f"it cannot have ended by {trial.ended!r:.60}")
            trial._capital.restore(plain["capital"])
            trial._sums = _Sums(**plain["sums"])
            counted = base64.b64decode(plain["counted"], validate=True)
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"This is no state of a trial: {error}.", hint="begin the trial anew.") from error
        trial._counted = {counted[start : start + DIGEST] for start in range(0, len(counted), DIGEST)}
        return trial

    def _one(self, differences: Differences, place: int) -> None:
        one = slice(place, place + 1)
        values, sums, capital = differences.values[one], self._sums, self._capital
        value, foretold = float(values[0]), sums.total / (capital.seen + 1.0)
        capital.see(values, differences.lowest[one], differences.highest[one])
        sums.total += value
        sums.variance += (value - foretold) ** 2
        sums.clipped += bool(differences.clipped[place])
        if capital.has_won[0]:
            self.ended = "evidence"
        elif capital.seen >= self.terms.most:
            self.ended = "enough seen"
        elif capital.seen % EVERY == 0:
            too_little, too_late = futile(capital, np.array([sums.total]), np.array([sums.variance]), self.terms)
            self.ended = "too little" if too_little[0] else "too late" if too_late[0] else None

    def _interval(self) -> tuple[float, float]:
        terms, seen = self.terms, self._capital.seen
        largest = terms.span / 2.0
        if not seen:
            return (-largest, largest)
        far = reach(np.array([self._sums.variance]), span=terms.span, alpha=terms.alpha, most=terms.most)
        mean, half = self._sums.total / seen, float(far[0]) / seen
        return (max(mean - half, -largest), min(mean + half, largest))


def futile(capital: Capital, total: Floats, variance: Floats, terms: Terms) -> tuple[Flags, Flags]:
    """Tell of trials with these sums (n,) which are surely too little, and which can hardly be proven in time.

    Both hang on the upper end of the interval. Giving up never makes a wrong promotion likelier.
    """
    far = reach(variance, span=terms.span, alpha=terms.alpha, most=terms.most)
    largest = (total + far) / capital.seen
    return largest < terms.worth, capital.chance(largest, terms.span / 2.0 + terms.margin) < HOPELESS


def _told(found: Decision, terms: Terms) -> Decision:
    """Return the decision with its sentence."""
    show = points if terms.is_share else number
    is_promotion = terms.question == "promotion"
    who, other = ("challenger", "champion") if is_promotion else ("former champion", "present one")
    if not found.counted:
        return replace(found, sentence="Go on: no outcome is mature yet.")
    way, (low, high) = "less", found.interval
    if found.difference < 0.0:
        way, low, high = "more", 0.0 - high, 0.0 - low
    measured = (
        f"on {count(found.counted, 'row')} the {who} loses {show(abs(found.difference))} {way} than the {other} "
        f"({span(show, low, high)})"
    )
    evidence = f"evidence {number(found.evidence)}, where {number(found.needed)} is asked for"
    asked = "" if terms.margin == 0.0 else f" by more than {show(terms.margin)}"
    why = {
        "evidence": f"{measured}, and that it loses less{asked} is proven ({evidence})",
        "too little": f"{measured}, surely less than the {show(terms.worth)} that a change is worth",
        "too late": f"{measured}, and even the largest of these would hardly be proven by the "
        f"{count(terms.most - found.counted, 'row')} that will be waited for",
        "enough seen": f"{measured}, and after all rows that were to be waited for it is not proven better{asked} "
        f"({evidence})",
        "undecided": f"{measured}, which is not enough to decide ({evidence}); at most "
        f"{count(terms.most - found.counted, 'more row')} will be waited for",
    }[found.why]
    return replace(found, sentence=f"{found.verdict.capitalize()}: {why}.")
