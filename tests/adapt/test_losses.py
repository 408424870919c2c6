"""What two versions lose on the same rows: asked again, or as it was recorded."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from tests.adapt.conftest import BEGUN, NAME, Service, drawn

import mlwright as mw
from mlwright.adapt.losses import deciding, losses
from mlwright.adapt.policy import Policy
from mlwright.adapt.proof import Rivals
from mlwright.adapt.rows import Known, matured
from mlwright.errors import OptionError
from mlwright.model import Model
from mlwright.registry.traffic import Traffic
from mlwright.serve.record import microseconds

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def other() -> Model:
    return mw.build(drawn(300, 9, changed=True), target="y", trials=1, clean=False, cases=0)


@pytest.fixture
def answered(service: Service, other: Model) -> Known:
    service.workspace.promote(NAME, 1)
    service.workspace.add(other, NAME)
    service.workspace.set_traffic(NAME, Traffic({"2": 0.3}, None, ("1", "2")))
    service.answer(drawn(200, 1), BEGUN, over=DAY)
    return matured(service.record, NAME, delay=0, after=0, until=microseconds(BEGUN + 2 * DAY))


@pytest.mark.parametrize("metric", ["accuracy", "brier", "log_loss"])
def test_asked_again_or_as_recorded_they_lose_the_same(service: Service, answered: Known, metric: str) -> None:
    one, two = (service.workspace.open(f"{NAME}@{version}") for version in (1, 2))
    found = [
        losses(answered, one, two, deciding(one, metric), record=service.record, replay=replay)
        for replay in (True, False)
    ]
    assert len(found[0].units) == 200
    assert found[0].units == found[1].units
    np.testing.assert_allclose(found[0].champion, found[1].champion, atol=1e-9)
    np.testing.assert_allclose(found[0].challenger, found[1].challenger, atol=1e-9)
    truth = drawn(200, 1)
    wrong = float(np.mean(one.predict(truth.drop("y")) != truth["y"].to_numpy()))
    if metric == "accuracy":
        assert found[0].champion.mean() == pytest.approx(wrong)


def test_the_loss_is_the_champions_own_where_that_is_a_mean_else_the_nearest_with_a_bound(other: Model) -> None:
    assert deciding(other).name == "brier"  # it was chosen by ROC AUC, which is no mean over rows
    assert deciding(other, "log_loss").name == "log_loss"
    with pytest.raises(OptionError, match="loss cannot be 'roc_auc'"):
        deciding(other, "roc_auc")
    rng = np.random.default_rng(0)
    x = rng.normal(size=200)
    frame = pl.DataFrame({"x": x, "price": 10 * x + rng.normal(size=200)})
    assert deciding(mw.build(frame, target="price", trials=1, clean=False)).name == "rmse"


def test_terms_follow_from_what_was_lost_before(service: Service, answered: Known) -> None:
    one, two = (service.workspace.open(f"{NAME}@{version}") for version in (1, 2))
    rivals = Rivals(one, two, Policy(loss="log_loss"), service.record)
    terms = rivals.terms("promotion", answered)
    lost = losses(answered, one, two, deciding(one, "log_loss"), record=None, replay=True).champion
    assert terms.bound == pytest.approx(np.quantile(lost, 0.995, method="higher"))
    assert terms.worth == pytest.approx(0.02 * np.minimum(lost, terms.bound).mean())
    assert rivals.terms("rollback", answered).alpha == terms.alpha / 2
    errors = Rivals(one, two, Policy(loss="accuracy"), service.record).terms("promotion", answered)
    assert (errors.bound, errors.worth, errors.is_share) == (1.0, 0.005, True)


def test_a_challenger_that_refuses_what_the_champion_answers_is_seen(service: Service, answered: Known) -> None:
    one, two = (service.workspace.open(f"{NAME}@{version}") for version in (1, 2))
    rivals = Rivals(one, two, Policy(), service.record)
    since, until = microseconds(BEGUN) - 1, microseconds(BEGUN + 2 * DAY)
    heard, unheard, why = rivals.failing(since, until)
    assert (heard + unheard >= 200, why) == (True, None)
    from mlwright.registry.database import writing
    from mlwright.serve.record.tables import ANSWERS

    refused = '{"prediction":null,"action":"refer","model_prediction":null}'
    with writing(service.record.engine) as connection:
        shadows = (ANSWERS.c.version == 2) & (ANSWERS.c.kind == "shadow")
        some = [row.id for row in connection.execute(ANSWERS.select().where(shadows).limit(30))]
        connection.execute(ANSWERS.update().where(ANSWERS.c.id.in_(some)).values(answer=refused))
    _, _, why = rivals.failing(since, until)
    assert why is not None
    assert "refuses" in why
