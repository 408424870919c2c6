#!/bin/sh
# Asks the service for one answer, then tells what turned out to be true. Needs curl.
#   sh ask.sh http://127.0.0.1:8080 churn yes        (with MLWRIGHT_API_KEY where the service wants a key)
set -eu
address=$1 model=$2 outcome=$3

ask() { curl --silent --show-error --fail-with-body -H "authorization: Bearer ${MLWRIGHT_API_KEY:-}" "$@"; }

ask "$address/v1/models/$model/example" >row.json
ask -H 'content-type: application/json' --data @row.json "$address/v1/models/$model/predict" >answer.json
cat answer.json
echo
id=$(sed 's/.*"id":"\([^"]*\)".*/\1/' answer.json)
ask -H 'content-type: application/json' --data "{\"outcomes\": [{\"id\": \"$id\", \"outcome\": \"$outcome\"}]}" \
    "$address/v1/models/$model/outcomes"
echo
