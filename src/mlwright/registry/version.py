"""One version of a model: what the registry knows of it, read from the model's own manifest and evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mlwright.errors import ModelError
from mlwright.model import folder
from mlwright.model.archive import MANIFEST, opened
from mlwright.model.text import read_json

READY, ARCHIVED = "ready", "archived"
DAMAGED = "damaged"
"""What is said of a folder that is no version, because it could not be read when it was first seen."""


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a model as the registry keeps it; nothing of it changes but its state."""

    name: str
    version: int
    digest: str
    """The sha256 over the names, sizes and hashes of its files."""
    state: str
    """ready, or archived: it then answers only where its number is named."""
    registered: str
    created: str | None
    """When the model was built."""
    who: str
    why: str
    parent: str | None
    """The version it was made from, as name@version."""
    data_hash: str | None
    code_version: str | None
    seed: int | None
    task: str | None
    target: str | None
    metric: str | None
    score: float | None
    lower: float | None
    upper: float | None
    size_bytes: int

    @property
    def reference(self) -> str:
        """How people name it."""
        return f"{self.name}@{self.version}"

    @property
    def archived(self) -> bool:
        """Whether it answers only where its number is named."""
        return self.state == ARCHIVED

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON holds of it; the score's interval as two ends."""
        plain = asdict(self)
        lower, upper = plain.pop("lower"), plain.pop("upper")
        return {**plain, "interval": None if lower is None or upper is None else [lower, upper]}


@dataclass(frozen=True, slots=True)
class Origin:
    """Who keeps a version, why, when, and of which version it was made."""

    who: str
    why: str
    registered: str
    parent: str | None = None


def read_version(path: Path, name: str, version: int, origin: Origin) -> Version:
    """Return what the folder or zip of a model says of itself. Raises ModelError where it is damaged."""
    manifest, evidence = folder.read_evidence(path)
    run = manifest["run"]
    score = evidence.get("score")
    score = score if isinstance(score, dict) else {}
    lower, upper = score.get("interval") or (None, None)
    seed = run.get("seed")
    return Version(
        name=name,
        version=version,
        digest=manifest["digest"],
        state=READY,
        registered=origin.registered,
        created=_text(run, "created", 40),
        who=origin.who,
        why=origin.why,
        parent=origin.parent or _text(run, "parent", 120),
        data_hash=_text(run, "data_hash", 200),
        code_version=_text(run.get("versions") or {}, "mlwright", 50),
        seed=seed if isinstance(seed, int) and abs(seed) < 2**63 else None,
        task=_text(manifest, "task", 50),
        target=_text(manifest, "target", 10_000),
        metric=_text(score, "metric", 100),
        score=score.get("value"),
        lower=lower,
        upper=upper,
        size_bytes=sum(facts["bytes"] for facts in manifest["files"].values()),
    )


def digest_of(path: Path) -> str:
    """Return the digest that the manifest of a model names; `load` compares it with the files. Raises ModelError."""
    with opened(path) as store:
        if MANIFEST not in store.sizes:
            raise ModelError("This is not a model: it holds no manifest.json.", where=str(path))
        found = read_json(store.read(MANIFEST, folder.MAX_MANIFEST), f"{path}/{MANIFEST}")
    return str(found.get("digest")) if isinstance(found, dict) else ""


def _text(facts: Mapping[str, Any], key: str, longest: int) -> str | None:
    """Return a text as every database takes it, or None where there is none; PostgreSQL knows no NUL."""
    value = facts.get(key) if isinstance(facts, dict) else None
    return value.replace("\0", "")[:longest] if isinstance(value, str) else None
