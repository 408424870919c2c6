from __future__ import annotations

import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mlwright.errors import OptionError, OutputError
from mlwright.serve.checking import Flag
from mlwright.serve.record import Answered, Private, Recorder, private_key, unpacked

KEY = bytes(range(32))


def test_the_same_value_has_the_same_hash_and_another_key_another() -> None:
    private = Private({"email": "hash"}, key=KEY)
    assert private.hash("5") == private.hash(5) == private.hash(5.0)
    assert private.hash("5") != private.hash("6")
    assert private.hash("5") != Private({"email": "hash"}, key=bytes(32)).hash("5")
    assert private.hash(None) is None
    assert private.hash(float("nan")) is None


def test_flags_and_reasons_quote_no_private_value() -> None:
    private = Private({"email": "hash", "iban": "omit"}, key=KEY)
    flags = [
        Flag("unknown", "'ann@example.org' is new", "email", "ann@example.org", "anna@example.org"),
        Flag("unlike", "the row with email ann@example.org and age 41 is unlike all others"),
        "iban DE12 is odd, DE123 is another word",
    ]
    answer = {"prediction": "DE12", "reasons": [{"column": "iban", "value": "DE12", "contribution": 0.5}]}
    row = {"email": "ann@example.org", "iban": "DE12", "age": 41}
    hidden, said, flagged = private.hidden(row, answer, flags)
    assert hidden == {"email": private.hash("ann@example.org"), "age": 41}
    assert said == {"prediction": "DE12", "reasons": [{"column": "iban", "contribution": 0.5}]}
    assert flagged == [
        {"kind": "unknown", "column": "email"},
        {"kind": "unlike", "message": "the row with email (private) and age 41 is unlike all others"},
        "iban (private) is odd, DE123 is another word",
    ]
    assert row == {"email": "ann@example.org", "iban": "DE12", "age": 41}


def test_private_values_never_reach_the_disk(
    tmp_path: Path, answered: Callable[..., Answered], recorder: Callable[..., Recorder]
) -> None:
    private = Private({"email": "hash", "iban": "omit"}, key=KEY, hash_subjects=True)
    made = recorder(tmp_path / "record.db", private=private)
    row = {"email": "ann@example.org", "iban": "DE02120300000000202051", "age": 41}
    made.put(answered(row=row, subject="ann@example.org"))
    made.put_now([answered(row=row, subject="ann@example.org")])
    assert made.flush(10)
    [frame] = made.record.answers("churn")
    assert unpacked(frame).rows() == [(private.hash("ann@example.org"), 41)] * 2
    written = b"".join(each.read_bytes() for each in tmp_path.iterdir())
    assert b"churn" in written
    assert b"ann@example" not in written
    assert b"DE0212" not in written
    assert made.record.forget("ann@example.org")["answers"] == 2


def test_a_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "made" / "record.key"
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: private_key(path), range(16)))
    assert len(keys) == 1
    assert len(keys.pop()) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["record.key"]


def test_a_damaged_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "record.key"
    path.write_bytes(b"short")
    with pytest.raises(OutputError, match="holds 5 bytes instead of 32"):
        private_key(path)


def test_hashing_takes_a_key_and_a_known_way() -> None:
    with pytest.raises(OptionError, match="takes a key of 32 bytes"):
        Private({"email": "hash"})
    with pytest.raises(OptionError, match="cannot be 'hide'"):
        Private({"email": "hide"})  # type: ignore[dict-item]
