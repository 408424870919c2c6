"""Build a model of who says yes to a bank's call, and ask it about one customer.

Run it from anywhere: python examples/first_model.py
"""

from __future__ import annotations

import mlwright as mw
from mlwright.data import bank_marketing

model = mw.build(bank_marketing(), target="deposit", exclude=["duration"], trials=1)
print(model.evaluation.verdict)

customer = {
    "age": 41, "job": "technician", "marital": "married", "education": "secondary", "default": "no", "balance": 1200,
    "housing": "no", "loan": "no", "contact": "cellular", "day": 12, "month": "oct", "campaign": 1, "pdays": -1,
    "previous": 0, "poutcome": "unknown",
}  # fmt: skip
chances = dict(zip(model.classes_.tolist(), model.predict_proba(customer)[0], strict=True))
print(f"Says yes with a probability of {chances['yes']:.0%}.")
