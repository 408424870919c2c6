"""A contract that somebody wrote: what is read, and one clear sentence for every mistake."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import polars as pl
import pytest

from mlwright.clean.contract import Contract, check_table, contract_of, read_contract
from mlwright.clean.contract.fields import COLUMN_FIELDS, TABLE_FIELDS
from mlwright.clean.contract.result import ORDER
from mlwright.clean.reading.kinds_times import FORMATS
from mlwright.errors import InputError
from mlwright.schema import KINDS, Column, Schema
from mlwright.table import Table
from mlwright.values.times import EPOCHS

WHOLE = """
name = "orders"

[table]
fewest_rows = 10
most_rows = 1_000
unknown_columns = "violation"
repeated_rows = "1 %"
key = ["order", "line"]
rules = ["start <= end", "'net price' < gross", 'plan != "old plan"']
allow_chance = true

[columns.order]
kind = "id"
pattern = "[A-Z][0-9]+"

[columns.line]
kind = "integer"
missing = 0
low = 1

[columns.start]
kind = "datetime"
format = "%d/%m/%Y"
low = 2020-01-01
fresh = "2 days"

[columns.end]
kind = "datetime"
high = "2030-12-31"
required = false

["columns"."net price"]
kind = "number"
decimal = ","
low = 0
high = 10
tolerance = 0.1
outside = 0.02
far = 5
missing_values = ["k.A.", -1]

[columns.gross]
kind = "number"
units = ["eur"]
unreadable = 0.5

[columns.plan]
categories = ["basic", "gold", 3]
new = "notice"
new_share = 0.1

[columns."old plan"]
unique = true
"""


def put(tmp_path: Path, text: str | bytes, name: str = "contract.toml") -> Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_every_field_is_read(tmp_path: Path) -> None:
    contract = read_contract(put(tmp_path, WHOLE))
    assert isinstance(contract, Contract)
    assert contract.name == "orders"
    assert contract.table.repeated_rows == 0.01
    assert [str(rule) for rule in contract.table.rules] == ["start <= end", "net price < gross", "plan != old plan"]
    columns = {rules.name: rules for rules in contract.columns}
    assert columns["start"].low == 1577836800.0
    assert columns["start"].fresh == 2 * 86400.0
    assert columns["net price"].missing_values == ("k.A.", -1.0)
    assert columns["plan"].categories == ("basic", "gold", "3")
    assert columns["plan"].kind == "category"
    for field in (*COLUMN_FIELDS, *TABLE_FIELDS):
        assert field in WHOLE


def test_what_is_written_is_read_again_as_the_same(tmp_path: Path) -> None:
    contract = read_contract(put(tmp_path, WHOLE))
    assert isinstance(contract, Contract)
    assert read_contract(put(tmp_path, contract.text(), "again.toml")) == contract


def test_what_is_saved_as_json_is_read_again_as_the_same(tmp_path: Path) -> None:
    contract = read_contract(put(tmp_path, WHOLE))
    assert isinstance(contract, Contract)
    path = contract.save(tmp_path / "again.JSON")
    assert read_contract(path) == contract
    said = json.loads(path.read_text(encoding="utf-8"))
    assert (said["columns"]["start"]["low"], said["columns"]["start"]["fresh"]) == ("2020-01-01", "2 days")
    assert said["columns"]["line"] == {"kind": "integer", "missing": 0, "low": 1}
    assert said["table"]["rules"][0] == "start <= end"


def test_json_and_a_dict_say_the_same(tmp_path: Path) -> None:
    said = {"name": "c", "columns": {"age": {"low": 0, "high": 120}}, "table": {"fewest_rows": 2}}
    assert read_contract(put(tmp_path, json.dumps(said), "c.json")) == contract_of(said)


def test_a_contract_without_a_name_has_that_of_its_file(tmp_path: Path) -> None:
    contract = read_contract(put(tmp_path, "[columns.a]\n", "orders.toml"))
    assert isinstance(contract, Contract)
    assert contract.name == "orders"


def test_the_schema_of_a_model_is_one(tmp_path: Path) -> None:
    schema = Schema((Column(name="a", kind="number", low=0.0, high=1.0, distinct=9),), rows=9)
    assert read_contract(put(tmp_path, json.dumps(schema.to_dict()), "schema.json")) == schema


KIND = '[columns.age]\nkind = "integer"\n'
MISTAKES: dict[str, tuple[str, str, str]] = {
    "a field misspelt": (KIND + "requried = true", "There is no field 'requried' in [columns.age].", "'required'"),
    "a table field misspelt": ("[table]\nfewest_row = 1", "no field 'fewest_row' in [table]", "'fewest_rows'"),
    "a table misspelt": ("[tabel]\nfewest_rows = 1", "There is no field 'tabel' in a contract.", "'table'"),
    "a kind of another tool": ('[columns.age]\nkind = "int"', "'kind' has to be one of", "'integer'"),
    "a share above 1": ("[columns.age]\nmissing = 5", "'missing' has to be a share between 0 and 1", ""),
    "a truth in quotes": ('[columns.age]\nunique = "yes"', "true or false, without quotes", ""),
    "ends that cross": (KIND + "low = 5\nhigh = 1", "no value of 'age' lies between", ""),
    "a date for a number": (KIND + "low = 2020-01-01", "'low' of column 'age' has to be a number", ""),
    "a number for a date": ('[columns.a]\nkind = "datetime"\nlow = 3', "has to be a date", ""),
    "a range of words": ('[columns.a]\nkind = "text"\nlow = 3', "'low' says nothing of column 'a'", "'number'"),
    "categories in a text": ('[columns.a]\ncategories = "x"', "has to be a list", ""),
    "no categories": ("[columns.a]\ncategories = []", "one text or number at least", ""),
    "new without categories": ('[columns.a]\nkind = "category"\nnew = "notice"', "'new' needs 'categories'", ""),
    "a tolerance of half a range": (KIND + "low = 1\ntolerance = 0.1", "'tolerance' needs 'high'", ""),
    "a pattern that is none": ('[columns.a]\npattern = "[a-"', "'pattern' has to be a regular expression", ""),
    "a pattern that looks ahead": ('[columns.a]\npattern = "(?=x)"', "no look-ahead", ""),
    "a format that is none": ('[columns.a]\nformat = "dd/mm/yyyy"', "'format' has to be a format such as", ""),
    "a format with a year twice": (
        '[columns.a]\nformat = "%Y-%Y"',
        "'format' has to be a format in which each part of a date or time stands once",
        "",
    ),
    "a format with two hours": ('[columns.a]\nformat = "%d/%m/%Y %H %I"', "stands once", ""),
    "a format with a zone and no time": ('[columns.a]\nformat = "%d/%m/%Y %z"', "stands once", ""),
    "a directive that is none": ('[columns.a]\nformat = "%d/%q/%Y"', "a format with none but %Y", ""),
    "a sign without a directive": ('[columns.a]\nformat = "%d/%m/%Y%"', "a format with none but %Y", ""),
    "a low of 400 digits": (KIND + "low = 1" + "0" * 400, "'low' has to be a number, a date", ""),
    "a width of 400 digits": (KIND + "low = 1\nhigh = 2\nfar = 1" + "0" * 400, "'far' has to be a number", ""),
    "a category of 400 digits": ("[columns.a]\ncategories = [1" + "0" * 400 + "]", "one text or number", ""),
    "a stand-in of 400 digits": ("[columns.a]\nmissing_values = [1" + "0" * 400 + "]", "a list of texts and", ""),
    "rows of 400 digits": ("[table]\nmost_rows = 1" + "0" * 400, "'most_rows' has to be a whole number from 0", ""),
    "an endless age": ('[columns.a]\nfresh = "' + "9" * 400 + ' h"', "'fresh' has to be a duration", ""),
    "a pattern that takes long": ('[columns.a]\npattern = "(?:a?){5000}a{5000}"', "for 1,000 letters at most", ""),
    "a pattern of large classes": ('[columns.a]\npattern = "\\\\w{900}"', "fewer or smaller classes", ""),
    "a pattern that repeats itself": ('[columns.a]\npattern = "(?:a{40}){40}"', "for 1,000 letters at most", ""),
    "an age in words": ('[columns.a]\nfresh = "two days"', "'fresh' has to be a duration", ""),
    "code for a rule": ('[table]\nrules = ["age + 1 < age"]\n' + KIND, "'age + 1' of the rule", "'age'"),
    "two signs in a rule": ('[table]\nrules = ["age < age < age"]\n' + KIND, "not a comparison of two columns", "<="),
    "a rule on no column": ('[table]\nrules = ["agee < age"]\n' + KIND, "has no rules in the contract", "'age'"),
    "a rule of two kinds": (
        '[table]\nrules = ["age < plan"]\n[columns.plan]\n' + KIND,
        "cannot be compared: 'age' is integer and 'plan' is text",
        "same kind",
    ),
    "a key that is no column": ('[table]\nkey = "aeg"\n' + KIND, "'aeg' of the key has no rules", "'age'"),
    "fewer than the fewest": ("[table]\nfewest_rows = 9\nmost_rows = 2", "no table has so many", ""),
    "a name with a space": ("[columns.first name]\nlow = 1", "not TOML", '[columns."first name"]'),
    "a column that stands twice": (KIND + KIND, "not TOML: Cannot declare", "stands twice"),
    "a text without quotes": ("[columns.age]\nkind = integer", "line 2", "quotes"),
    "a field outside of a table": ("age = 3", "There is no field 'age' in a contract.", "[columns.age]"),
    "a column that is no table": ("[columns]\nage = 3", "The rules of column 'age' have to be a table", ""),
    "a name with a dot": ("[columns.net.price]\nlow = 1", "'price' of column 'net'", '[columns."net.price"]'),
    "nothing": ("", "The contract asks for nothing", "[columns.age]"),
}


@pytest.mark.parametrize("what", MISTAKES)
def test_a_mistake_is_one_sentence_with_its_place(tmp_path: Path, what: str) -> None:
    text, message, hint = MISTAKES[what]
    path = put(tmp_path, text)
    with pytest.raises(InputError) as caught:
        read_contract(path)
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")
    assert (caught.value.where or "").startswith(str(path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "raw", "message"),
    [
        ("c.yaml", b"columns:\n  age: {}\n", "in TOML or JSON, not in YAML"),
        ("c.csv", b"a,b\n1,2\n", "ends in .toml or .json"),
        ("c.json", b'{"columns": {"age": 1,}}', "The contract is not JSON"),
        ("c.json", b'{"columns": {"age": {"low": 1}, "age": {}}}', "Cannot declare 'age' twice"),
        ("c.json", b"[1]", "and this is not one"),
        ("c.json", b'{"columns": [3]}', "neither a contract nor the schema.json of a model"),
        ("c.json", b'{"columns": [{"name": "a", "kind": "nubmer", "role": "feature"}]}', "kind 'nubmer'"),
        ("c.json", b'{"columns": []}', "The schema asks for nothing"),
        (
            "c.json",
            b'{"columns": [{"name": "a", "kind": "datetime", "role": "feature", "datetime_format": "%Y%Y"}]}',
            "'datetime_format' of column 'a' has to be a format in which",
        ),
        ("c.json", b'{"columns": []}' + b" " * 3 + b"x", "not JSON"),
        ("c.json", b"[" * 100_000, "not JSON"),
        ("c.toml", "# größe\n[columns.a]\n".encode("latin-1"), "not written in UTF-8: line 1"),
        ("c.toml", b"\x00\xff\xfe", "not written in UTF-8"),
    ],
)
def test_a_file_that_is_no_contract_is_refused(tmp_path: Path, name: str, raw: bytes, message: str) -> None:
    with pytest.raises(InputError, match=r"[Cc]ontract|schema") as caught:
        read_contract(put(tmp_path, raw, name))
    assert message in str(caught.value)


def test_a_number_of_thousands_of_digits_in_a_dict_is_refused() -> None:
    with pytest.raises(InputError, match=r"'low' has to be a number.* not a number of thousands of digits"):
        contract_of({"columns": {"a": {"low": 10**5000}}})


@pytest.mark.parametrize("form", [*FORMATS, *EPOCHS, "%A, %d. %B %Y", "%m/%d/%y %I:%M:%S.%f %p", "%Y-%m-%d %H:%M%z"])
def test_a_format_in_use_is_taken(form: str) -> None:
    assert contract_of({"columns": {"a": {"format": form}}}).columns[0].format == form


def test_half_a_letter_in_a_contract_breaks_nothing(tmp_path: Path) -> None:
    fields = {"missing_values": ["\ud800"], "categories": ["\ud800", "a"], "pattern": "\ud800|a"}
    contract = contract_of({"columns": {"\ud800": fields, "a": fields}})
    assert check_table(Table(pl.DataFrame({"a": ["a"]})), contract, name="c").violations[0].kind == "missing_column"
    assert isinstance(read_contract(contract.save(tmp_path / "c.toml")), Contract)


def test_a_file_that_cannot_be_read_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_contract(tmp_path / "none.toml")


def test_every_field_kind_and_sort_of_violation_is_documented() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "reference" / "contract.md").read_text(encoding="utf-8")
    for name in (*COLUMN_FIELDS, *TABLE_FIELDS, *ORDER):
        assert f"`{name}`" in page, name
    for kind in set(KINDS) - {"constant"}:
        assert f'"{kind}"' in page, kind


def test_contracts_in_the_docs_are_contracts() -> None:
    pages = Path(__file__).resolve().parents[3] / "docs"
    blocks = [
        block
        for page in ("reference/contract.md", "how-to/check-data-in-ci.md")
        for block in re.findall(
            r"^```toml\n(.*?)^```$", (pages / page).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
        )
    ]
    assert len(blocks) == 2
    for block in blocks:
        assert isinstance(contract_of(tomllib.loads(block)), Contract)
