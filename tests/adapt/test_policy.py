"""Policies: safe by default, by file for all models and for one, with the line of each mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlwright.adapt.policy import Policies, Policy, policy_from
from mlwright.errors import OptionError

DAY = 86_400_000_000


def written(folder: Path, text: str) -> Path:
    path = folder / "watch.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_everything_is_at_its_default() -> None:
    policy = Policies.read(None).of("churn")
    assert policy == Policy()
    policy.check()
    assert (policy.us("delay"), policy.us("longest"), policy.us("every")) == (0, 60 * DAY, 0)


def test_a_model_says_what_is_different_of_it(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        '[adapt]\nalpha = 0.01\nevery = "30d"\n[models.churn.adapt]\nevery = "12h"\ncanary = [10, 100]\n'
        '[models.churn]\nsubject = "id"\n[channels.ops]\nkind = "webhook"\n',
    )
    policies = Policies.read(path)
    churn, price = policies.of("churn"), policies.of("price")
    assert (churn.alpha, churn.us("every"), churn.canary) == (0.01, DAY // 2, (10.0, 100.0))
    assert (price.alpha, price.us("every"), price.canary) == (0.01, 30 * DAY, (5.0, 25.0, 100.0))


def test_a_policy_travels_as_json() -> None:
    policy = Policy(last="180d", window="last", canary=(1.0, 50.0))
    assert policy_from(policy.to_dict()) == policy
    assert policy.last_us == 180 * DAY


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("[adapt]\nalhpa = 0.1\n", 2, "There is no setting 'alhpa' here"),
        ("[adapt]\nalpha = 2\n", 2, "adapt.alpha cannot be 2"),
        ('[adapt]\nalpha = "much"\n', 2, "adapt.alpha is not what it has to be"),
        ('[adapt]\nevery = "often"\n', 2, "adapt.every cannot be 'often'"),
        ("[adapt]\ncanary = [25, 5]\n", 2, "adapt.canary has to rise"),
        ("[adapt]\ncanary = [5, 125]\n", 2, "adapt.canary has to rise"),
        ("[adapt]\ncanary = []\n", 2, "adapt.canary has to rise"),
        ("[adapt]\ncanary = [nan]\n", 2, "adapt.canary has to rise"),
        ("[adapt]\nmargin = -1\n", 2, "adapt.margin cannot be -1"),
        ("[adapt]\nmargin = nan\n", 2, "adapt.margin cannot be nan"),
        ("[adapt]\nmargin = inf\n", 2, "adapt.margin cannot be inf"),
        ("[adapt]\nalpha = nan\n", 2, "adapt.alpha cannot be nan"),
        ('[adapt]\nlongest = "0s"\n', 2, "adapt.longest cannot be '0s'"),
        ('[adapt]\nevery = "0d"\n', 2, "adapt.every cannot be '0d'"),
        ('[adapt]\nwindow = "weighted"\nhalf_life = "0s"\n', 3, "adapt.half_life cannot be '0s'"),
        ('[adapt]\nwindow = "last"\nlast = "0s"\n', 3, "adapt.last cannot be '0s'"),
        ('[adapt]\nwindow = "last"\n', 2, "without saying of what"),
        ('[adapt]\naction = "hope"\n', 2, "adapt.action is not what it has to be"),
        ("[models.churn.adapt]\n\nheld_back = 0.9\n", 3, "models.churn.adapt.held_back cannot be 0.9"),
        ("adapt = 3\n", 1, "adapt has to be a section"),
    ],
)
def test_mistakes_are_told_with_their_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    with pytest.raises(OptionError) as caught:
        Policies.read(written(tmp_path, text))
    assert said in str(caught.value)
    assert f"line {line}" in str(caught.value)
