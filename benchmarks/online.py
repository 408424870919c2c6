"""What the fast layer between retrainings gains and costs, on streams with and without drift, beside river.

    python benchmarks/online.py [DATA] [--seeds 5] [--only NAME ...] [--river] [--out FILE]

Each stream begins with rows that teach a LightGBM model and give the layer its reference; the rest is answered row by
row, and outcomes come in a fixed number of rows later. Told is the mean loss over the rest (log loss; squared error in
units of the model's variance on held-out rows, as far as the layer looks), as answered at the time by

- frozen: the model alone;
- layer: the model with the layer behind it, which is switched on and off by its test;
- always: the same, had the layer always been used;
- retrained: a model taught again every so many rows from the newest known rows, as many as at first;
- retrained + layer: a new layer behind each of these;
- forest, forest on top (with --river): river's adaptive random forest alone, and fed with the model's answer.

Generated streams: nothing changes; the share of a class moves (for numbers: a constant is added) from a third on; the
relation turns slowly; the relation changes at once. Real ones (DATA is a folder with a MANIFEST.json): hourly bicycle
rents and the calls of a bank, in the order of time; two tables in random order, where nothing changes.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import lightgbm
import numpy as np
import pandas as pd
from tables_common import entries, question, read

from mlwright.adapt.online import Amounts, Chances, Inputs, OnlineLayer, Space
from mlwright.columns import Coded, Columns

ROWS, FIRST, LATE, AGAIN, STEP = 26_000, 6_000, 500, 4_000, 64
HELD_OUT = 0.25
"""Of the first rows, the share that gives the layer its units and no model learns from."""
KINDS = ("nothing changes", "shares move", "turns slowly", "turns at once")


@dataclass(frozen=True)
class Stream:
    """Rows in the order of time: numbers (n, m), outcomes (n,), and how many classes there are (0: numbers)."""

    name: str
    X: np.ndarray
    y: np.ndarray
    classes: int
    first: int
    late: int
    again: int


def generated(kind: str, classes: int, seed: int) -> Stream:
    """Return a stream of eight columns, three of which interact."""
    random = np.random.default_rng(seed)
    X = random.normal(size=(ROWS, 8))
    when = np.clip((np.arange(ROWS) - FIRST) / (ROWS - FIRST), 0.0, 1.0)
    turned = {"turns slowly": when, "turns at once": (when > 1 / 3).astype(float)}.get(kind, np.zeros(ROWS))
    before = 1.2 * X[:, 0] + 0.8 * X[:, 1] * X[:, 2] + 0.6 * np.abs(X[:, 3]) - 0.4 * X[:, 4]
    after = 0.3 * X[:, 0] + 0.8 * X[:, 1] * X[:, 2] + 0.6 * np.abs(X[:, 3]) + 0.6 * X[:, 4] + 0.5 * X[:, 5]
    signal = (1.0 - turned) * before + turned * after
    moved = 0.8 * (when > 1 / 3) * (kind == "shares move")
    name = f"{kind}, {classes or 'no'} classes"
    if not classes:
        return Stream(name, X, signal + moved + random.normal(size=ROWS), 0, FIRST, LATE, AGAIN)
    slopes = np.linspace(-1.0, 1.0, classes)
    raw = np.outer(signal, slopes) + np.outer(moved - 0.5, slopes > 0.5) + random.gumbel(size=(ROWS, classes))
    return Stream(name, X, raw.argmax(axis=1).astype(float), classes, FIRST, LATE, AGAIN)


REAL = {"bike_sharing_hourly": (4_000, 24, 2_000), "bank_marketing": (8_000, 500, 4_000)}
SHUFFLED = {"adult": (8_000, 500, 4_000), "diamonds": (8_000, 500, 4_000)}


def real(data: Path, name: str, seed: int) -> Stream:
    """Return a table as a stream: in its own order where that is time, else shuffled."""
    entry = entries(data, [name])[0]
    frame = read(entry, data).dropna(subset=[question(entry)])
    if name in SHUFFLED:
        frame = frame.sample(frac=1.0, random_state=seed)[:30_000]
    first, late, again = {**REAL, **SHUFFLED}[name]
    target = frame.pop(question(entry))
    frame = frame.drop(columns=["instant", "dteday"], errors="ignore")
    numbers = frame.apply(lambda each: each if pd.api.types.is_numeric_dtype(each) else pd.factorize(each)[0])
    y = target.to_numpy() if entry["kind"] == "regression" else pd.factorize(target, sort=True)[0]
    classes = 0 if entry["kind"] == "regression" else 2
    return Stream(name, numbers.to_numpy(dtype=float), y.astype(float), classes, first, late, again)


def taught(stream: Stream, rows: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Return what a model that learned from these rows answers."""
    kind = lightgbm.LGBMClassifier if stream.classes else lightgbm.LGBMRegressor
    model = kind(n_estimators=150, learning_rate=0.05, num_leaves=15, n_jobs=1, verbose=-1, random_state=0)
    model.fit(stream.X[rows], stream.y[rows])
    if not stream.classes:
        return lambda X: np.asarray(model.predict(X))[:, None]

    def answer(X: np.ndarray) -> np.ndarray:
        P = np.full((len(X), stream.classes), 1e-6)
        P[:, model.classes_.astype(int)] = model.predict_proba(X)
        return P / P.sum(axis=1, keepdims=True)

    return answer


def columns_of(stream: Stream) -> Columns:
    """Return the rows for the layer; numbers with few values are categories to it."""
    found: dict[str, np.ndarray | Coded] = {}
    for at in range(stream.X.shape[1]):
        values = np.unique(stream.X[:, at])
        if len(values) <= 12 and np.all(values == values.round()):
            codes = np.searchsorted(values, stream.X[:, at]).astype(np.int32)
            found[str(at)] = Coded(codes, tuple(map(str, values)))
        else:
            found[str(at)] = stream.X[:, at]
    return Columns(found, len(stream.y))


def strongest(stream: Stream, answer: Callable[[np.ndarray], np.ndarray], rows: np.ndarray) -> list[str]:
    """Return the columns, first those without which the model's answers change most."""
    X, random = stream.X[rows], np.random.default_rng(0)
    base, moved = answer(X), []
    for at in range(X.shape[1]):
        mixed = X.copy()
        mixed[:, at] = random.permutation(mixed[:, at])
        moved.append(np.abs(answer(mixed) - base).mean())
    return [str(at) for at in np.argsort(moved)[::-1]]


def split(start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows to teach, and every fourth one to hold out."""
    rows = np.arange(start, stop)
    held = rows % round(1 / HELD_OUT) == 0
    return rows[~held], rows[held]


def layer_for(
    stream: Stream, columns: Columns, answer: Callable[[np.ndarray], np.ndarray], held: np.ndarray
) -> OnlineLayer:
    space: Space = Chances(stream.classes) if stream.classes else Amounts.fitted(stream.y[held], answer(stream.X[held]))
    inputs = Inputs.fitted(columns.take(held), strongest(stream, answer, held))
    return OnlineLayer(space, inputs)


def models(stream: Stream, *, again: bool) -> Iterator[tuple[int, int, Callable[[np.ndarray], np.ndarray], np.ndarray]]:
    """Yield from which row to which a model answers, and the rows that were held out from it."""
    starts = list(range(stream.first, len(stream.y), stream.again)) if again else [stream.first]
    for start, stop in zip(starts, [*starts[1:], len(stream.y)], strict=True):
        known = start - (stream.late if start > stream.first else 0)
        teach, held = split(known - stream.first, known)
        yield start, stop, taught(stream, teach), held


def played(stream: Stream, *, again: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Return the answers of the models, those given with a layer, and those of the layer had it always been used."""
    plain, given, always, spent, columns = [], [], [], 0.0, columns_of(stream)
    for start, stop, answer, held in models(stream, again=again):
        layer, base = layer_for(stream, columns, answer, held), answer(stream.X[start:stop])
        plain.append(base)
        for at in range(0, stop - start, STEP):
            known = np.arange(max(at - STEP - stream.late, 0), max(at - stream.late, 0))
            begun, moments = time.perf_counter(), known + start
            layer.learn(
                base[known],
                columns.take(moments),
                y=stream.y[moments],
                answered=moments,
                matured=moments + stream.late,
            )
            spent += time.perf_counter() - begun
            now = np.arange(at, min(at + STEP, stop - start))
            some = columns.take(now + start)
            given.append(layer.answer(base[now], some, at=start + at))
            always.append(layer.would_answer(base[now], some))
    return np.concatenate(plain), np.concatenate(given), np.concatenate(always), spent


def forest(stream: Stream, answers: np.ndarray | None) -> np.ndarray:
    """Return what river's adaptive random forest answers, with the model's answers among its columns or without."""
    from river.forest import ARFClassifier, ARFRegressor

    tree = ARFClassifier(n_models=10, seed=0) if stream.classes else ARFRegressor(n_models=10, seed=0)
    extra = np.zeros((len(stream.y), 0)) if answers is None else answers[:, -1:]
    rows = [dict(enumerate(row)) for row in np.column_stack([stream.X, extra]).tolist()]
    labels = stream.y.astype(int).tolist() if stream.classes else stream.y.tolist()
    found = np.zeros((len(rows), max(stream.classes, 1)))
    begin = 0 if answers is None else stream.first
    for at, row in enumerate(rows):
        if at >= stream.first:
            if stream.classes:
                told = tree.predict_proba_one(row)
                found[at] = [told.get(each, 0.0) + 1e-3 for each in range(stream.classes)]
                found[at] /= found[at].sum()
            else:
                found[at] = tree.predict_one(row)
        if at - stream.late >= begin:
            tree.learn_one(rows[at - stream.late], labels[at - stream.late])
    return found[stream.first :]


def measured(stream: Stream, *, river: bool) -> dict[str, float | str]:
    y = stream.y[stream.first :]
    plain, given, always, spent = played(stream, again=False)
    retrained, both, _, _ = played(stream, again=True)
    answers = {"frozen": plain, "layer": given, "always": always, "retrained": retrained, "retrained + layer": both}
    if river:
        whole = np.concatenate([np.zeros((stream.first, plain.shape[1])), plain])
        answers |= {"forest": forest(stream, None), "forest on top": forest(stream, whole)}
    _, _, answer, held = next(models(stream, again=False))
    space = Chances(stream.classes) if stream.classes else Amounts.fitted(stream.y[held], answer(stream.X[held]))
    losses = {name: space.losses(y, P) for name, P in answers.items()}
    gap = losses["layer"] - losses["frozen"]
    parts = np.array([part.mean() for part in np.array_split(gap, 20)])
    return {
        "stream": stream.name,
        **{name: float(loss.mean()) for name, loss in losses.items()},
        "layer - frozen": float(gap.mean()),
        "its error": float(parts.std(ddof=1) / np.sqrt(len(parts))),
        "used": float((given != plain).any(axis=1).mean()),
        "us to learn a row": 1e6 * spent / len(y),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--river", action="store_true")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    makers: dict[str, Callable[[int], Stream]] = {
        f"{kind}, {classes or 'no'} classes": lambda seed, kind=kind, classes=classes: generated(kind, classes, seed)
        for classes in (2, 4, 0)
        for kind in KINDS
    }
    if args.data:
        makers |= {name: lambda seed, name=name: real(args.data, name, seed) for name in {**REAL, **SHUFFLED}}
    every = []
    for name, make in makers.items():
        if args.only and not any(part in name for part in args.only):
            continue
        for seed in range(1 if name in REAL else args.seeds):
            found = measured(make(seed), river=args.river)
            every.append({**found, "seed": seed})
            if args.out:
                args.out.write_text(json.dumps(every, indent=1))
        mean = pd.DataFrame([each for each in every if each["stream"] == name]).mean(numeric_only=True).drop("seed")
        print(f"{name:28}", " ".join(f"{key}: {value:.4g}" for key, value in mean.items()), flush=True)


if __name__ == "__main__":
    main()
