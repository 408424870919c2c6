"""Asks the service for one answer, then tells what turned out to be true. Needs mlwright alone, without its extras.

python ask.py http://127.0.0.1:8080 churn yes     (with MLWRIGHT_API_KEY where the service wants a key)
"""

import os
import sys

from mlwright.client import Client

address, model, outcome = sys.argv[1:]
with Client(address, key=os.environ.get("MLWRIGHT_API_KEY")) as client:
    answer = client.predict(model, client.example(model))
    print(answer.id, answer.prediction, [flag.message for flag in answer.flags])
    print(client.outcomes(model, {answer.id: outcome}))
