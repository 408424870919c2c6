"""SASRec: what comes next in a history, by self-attention over what came before.

Kang and McAuley, "Self-attentive sequential recommendation", ICDM 2018; learned with the softmax over all items instead
of a drawn few, which is what makes it strong (Klenitskiy and Vasilev, "Turning dross into gold loss: is BERT4Rec really
better than SASRec?", RecSys 2023). PyTorch learns; what it learned answers in NumPy.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.base import Configuration, Effort
from mlwright.learn.learners.configurations import table
from mlwright.learn.recommenders.attention import EPSILON, Attending, shapes
from mlwright.learn.recommenders.base import Taught
from mlwright.learn.recommenders.sparse import Seen, Singles

if TYPE_CHECKING:
    import torch

    Parameters = Mapping[str, torch.Tensor]

_CELLS = 1 << 23
"""Scores of one step: 32 MB, as often again for their slopes."""
_BATCH = 64
"""Pieces of one step, where the catalogue is small."""
_RATE = 2e-3
_WARM = 0.1
"""Share of the steps in which the rate rises; then it falls to 0 along a cosine."""
_SPREAD = 0.02
"""Standard deviation of what is learned, at first."""
_FEWEST = 2
_THREADS = threading.Lock()
"""PyTorch has one number of threads for the whole process: one fit at a time sets it."""


class SasRec:
    """Learns points of items and the layers of `Attending`, for `rounds` rounds over all histories."""

    name: ClassVar[str] = "sasrec"
    label: ClassVar[str] = "SASRec"
    simple: ClassVar[bool] = False
    package: ClassVar[str | None] = "torch"
    extra: ClassVar[str | None] = "neural"
    configurations: ClassVar[tuple[Configuration, ...]] = table(
        "factors blocks heads length dropout rounds",
        (64, 2, 1, 50, 0.3, 10),
        (64, 2, 2, 50, 0.5, 20),
        (64, 1, 1, 100, 0.5, 20),
    )

    def takes(self, taught: Taught) -> str | None:
        """Return None where times are known and somebody took two things, else why not."""
        if not taught.log.has_time:
            return "It learns from what is taken after what, and the log has no times."
        several = np.bincount(taught.log.user).max(initial=0) >= _FEWEST
        return None if several else "It learns from what is taken after what, and nobody took a second thing."

    def cost(self, taught: Taught) -> tuple[float, float]:
        """Return about how many seconds and bytes of memory a fit takes."""
        first = self.configurations[0]
        items, entries, factors = len(taught.log.items), len(taught.log), first["factors"]
        step = 6.0 * items * factors + 72.0 * factors**2 * first["blocks"]
        seconds = first["rounds"] * entries * (step / 3e10 + 4e-9 * items)
        return 3.0 + seconds, 16.0 * _CELLS + 16.0 * factors * items + 200e6

    def fit(self, taught: Taught, configuration: Configuration, effort: Effort) -> Attending:
        """Learn, for `rounds` rounds; early where `effort.stop` says so, with the rate where it was."""
        seen = Seen.of(taught.log)
        factors, blocks, length = (configuration[name] for name in ("factors", "blocks", "length"))
        sizes = shapes(len(seen.items), factors, blocks, length, inner=factors)
        read, next_ = windows(seen, length)
        learned = _learned(read, next_, sizes, configuration, effort)
        weights = {name: np.ascontiguousarray(one, dtype=np.float32) for name, one in learned.items()}
        for name in ("items", "bias"):
            whole = np.zeros((seen.all_items, *sizes[name][1:]), dtype=np.float32)
            whole[seen.items] = weights[name]
            weights[name] = whole
        return Attending(seen.known, weights, heads=configuration["heads"])


def windows(seen: Seen, length: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (n, length) what is read, 0 after its end, and (n, length) what came next, -1 where nothing did.

    A history is cut from its end into pieces, each of which begins with the last entry of the one before: so every
    entry but the first is what came next once.
    """
    order = np.argsort(seen.user, kind="stable")
    items, counts = seen.item[order], np.bincount(seen.user, minlength=seen.users)
    ends = np.cumsum(counts)
    pieces = [
        items[max(begin, stop - length - 1) : stop]
        for begin, end in zip((ends - counts).tolist(), ends.tolist(), strict=True)
        for stop in range(end, begin + 1, -length)
    ]
    read = np.zeros((len(pieces), length), dtype=np.int64)
    next_ = np.full((len(pieces), length), -1, dtype=np.int64)
    for place, piece in enumerate(pieces):
        read[place, : len(piece) - 1] = piece[:-1]
        next_[place, : len(piece) - 1] = piece[1:]
    return read, next_


def _learned(
    read: NDArray[np.int64],
    next_: NDArray[np.int64],
    sizes: Mapping[str, tuple[int, ...]],
    configuration: Configuration,
    effort: Effort,
) -> dict[str, Singles]:
    """Return what is learned, by name."""
    import torch

    # A generator of its own: what else the process draws changes nothing, and is not changed.
    chance = torch.Generator().manual_seed(effort.seed)
    parameters = {name: _first(name, size, chance) for name, size in sizes.items()}
    optimizer = torch.optim.Adam(parameters.values(), lr=_RATE, betas=(0.9, 0.98), foreach=False)
    items = torch.from_numpy(read)
    batch = min(max(1, _CELLS // (max(sizes["items"][0], 1) * read.shape[1])), _BATCH)
    wanted = torch.from_numpy(next_)
    steps = max(1, configuration["rounds"] * -(-len(read) // batch))
    done = 0
    with _threads(effort.threads):
        for _ in range(configuration["rounds"]):
            for some in torch.randperm(len(items), generator=chance).split(batch):
                if effort.stop():
                    return _plain(parameters)
                for group in optimizer.param_groups:
                    group["lr"] = _RATE * rate(done / steps)
                optimizer.zero_grad()
                _loss(items[some], wanted[some], parameters, configuration, chance).backward()
                optimizer.step()
                done += 1
    return _plain(parameters)


def rate(share: float) -> float:
    """Return what the rate is at a share of the steps, 1 at its highest.

    >>> [round(rate(share), 2) for share in (0.05, 0.1, 0.55, 1.0)]
    [0.5, 1.0, 0.5, 0.0]
    """
    if share < _WARM:
        return max(share / _WARM, 0.01)
    return float(0.5 * (1.0 + np.cos(np.pi * (share - _WARM) / (1.0 - _WARM))))


def _first(name: str, size: tuple[int, ...], chance: torch.Generator) -> torch.Tensor:
    """Return what an array is before anything is learned."""
    import torch

    if name.endswith("bias"):
        found = torch.zeros(size)
    elif name == "norms":
        found = torch.zeros(size)
        found[:, 0] = 1.0
    else:
        found = _SPREAD * torch.randn(size, generator=chance)
    return found.requires_grad_()


def _plain(parameters: Parameters) -> dict[str, Singles]:
    return {name: one.detach().numpy() for name, one in parameters.items()}


def _loss(
    items: torch.Tensor,
    wanted: torch.Tensor,
    parameters: Parameters,
    configuration: Configuration,
    chance: torch.Generator,
) -> torch.Tensor:
    """Return how unlikely what came next was among all items."""
    from torch.nn import functional

    there = wanted >= 0
    width = int(there.sum(dim=1).max())
    there, wanted = there[:, :width], wanted[:, :width]
    state = states(items[:, :width], parameters, heads=configuration["heads"], dropout=configuration["dropout"],
                   chance=chance)[there]  # fmt: skip
    return functional.cross_entropy(state @ parameters["items"].T + parameters["bias"], wanted[there])


def states(
    items: torch.Tensor, parameters: Parameters, *, heads: int, dropout: float, chance: torch.Generator
) -> torch.Tensor:
    """Return (n, m, factors) what each entry of these pieces (n, m) has become: as `Attending` has it, with dropout."""
    from torch.nn import functional

    points, norms = parameters["items"], parameters["norms"]
    (count, size), factors = items.shape, points.shape[1]

    def dropped(state: torch.Tensor) -> torch.Tensor:
        import torch

        if dropout == 0.0:
            return state
        return state * (torch.rand(state.shape, generator=chance) >= dropout) / (1.0 - dropout)

    def normed(state: torch.Tensor, place: int) -> torch.Tensor:
        return functional.layer_norm(state, (factors,), norms[place, 0], norms[place, 1], eps=EPSILON)

    state = dropped(points[items] * factors**0.5 + parameters["positions"][:size])
    for block in range(len(parameters["inward"])):
        inward = normed(state, 2 * block) @ parameters["inward"][block] + parameters["inward_bias"][block]
        query, key, value = inward.view(count, size, 3, heads, -1).permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        seen = seen.transpose(1, 2).reshape(count, size, factors)
        state = state + dropped(seen @ parameters["outward"][block] + parameters["outward_bias"][block])
        inner = functional.relu(
            normed(state, 2 * block + 1) @ parameters["wide"][block] + parameters["wide_bias"][block]
        )
        state = state + dropped(dropped(inner) @ parameters["narrow"][block] + parameters["narrow_bias"][block])
    return normed(state, -1)


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Let PyTorch take so many threads, and as many as before in the end."""
    import torch

    with _THREADS:
        before = torch.get_num_threads()
        torch.set_num_threads(max(1, count))
        try:
            yield
        finally:
            torch.set_num_threads(before)
