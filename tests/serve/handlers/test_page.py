"""The page at /: a form for each model, and its answer; with mistakes, keys, strangers and odd texts."""

from __future__ import annotations

import re
from base64 import b64encode
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.serve.conftest import TASKS, Inside
from tests.serve.pages.read import Page

from mlwright.report import format as words

FORM = "application/x-www-form-urlencoded"
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def page_of(response: httpx.Response) -> Page:
    """Return a page, after what holds for all of them."""
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    page = Page(response.text)
    assert len(set(page.ids)) == len(page.ids)
    assert not any("style" in told or any(name.startswith("on") for name in told) for _, told in page.elements)
    assert not any(tag == "script" for tag, _ in page.elements)
    for tag, told in page.elements:  # nothing that a page refers to is missing from it
        if tag == "a" and str(told["href"]).startswith("#"):
            assert str(told["href"])[1:] in page.ids
        for named in (told.get("aria-describedby") or "").split():
            assert named in page.ids
    return page


def send(inside: Inside, name: str, values: dict[str, str], **headers: str) -> httpx.Response:
    kind = {"content-type": FORM}
    body = urlencode(values, errors="surrogatepass")
    return inside.ask("POST", f"/models/{name}", content=body, headers={**BROWSER, **kind, **headers})


def test_the_first_page_lists_all_models(inside: Inside) -> None:
    page = page_of(inside.ask("GET", "/", headers=BROWSER))
    assert [link for link in page.links if link.startswith("/models/")] == [f"/models/{task}" for task in TASKS]
    assert "It says whether “y” will be “no” or “yes”." in page.text


@pytest.mark.parametrize("task", TASKS)
def test_the_form_holds_an_example_and_the_answer_is_that_of_predict(inside: Inside, task: str) -> None:
    example = inside.ask("GET", f"/v1/models/{task}/example").json()["rows"]
    form = page_of(inside.ask("GET", f"/models/{task}", headers=BROWSER))
    assert set(form.values) == {f"column:{name}" for name in example[0]}
    by_predict = inside.predict(task, example, params={"explain": True}).json()["predictions"][0]
    response = send(inside, task, form.values)
    assert response.status_code == 200
    page = page_of(response)
    assert page.values == form.values
    if task == "regression":
        assert f"y: {words.amount(by_predict['prediction'])}" in page.text
        assert f"{words.amount(by_predict['lower'])} to {words.amount(by_predict['upper'])}" in page.text.replace(
            "\xa0", " "
        )
    else:
        assert f"y: {by_predict['prediction']}" in page.text
        for label, chance in by_predict["probabilities"].items():
            assert re.search(rf"{label}( \(the answer\))? {re.escape(words.share(chance))}", page.text)
    assert by_predict["text"].split(",")[0] in page.text.replace("\xa0", " ")


def test_an_answer_of_the_page_is_recorded_and_counted(inside: Inside) -> None:
    values = page_of(inside.ask("GET", "/models/binary")).values
    page = page_of(send(inside, "binary", values))
    found = re.search(r"kept in the record as ([0-9a-f]{27})", page.text)
    assert found is not None
    recorder = inside.service.recording.recorder
    assert recorder.flush(10)
    assert found[1] in recorder.record.frame("binary")["id"].to_list()


def test_a_value_that_cannot_be_read_is_named_on_top_and_at_its_field(inside: Inside) -> None:
    values = page_of(inside.ask("GET", "/models/binary")).values
    values |= {"column:income": "a lot", "column:note": 'kept <b>"as"</b> it is'}
    response = send(inside, "binary", values)
    assert response.status_code == 422
    page = page_of(response)
    assert "There is a problem 'a lot' in 'income' cannot be read as a number." in page.text
    (link,) = [link for link in page.links if link.startswith("#field")]
    field = page.fields[link[1:]]
    assert (field["name"], field["value"], field["aria-invalid"]) == ("column:income", "a lot", "true")
    assert page.values == values
    assert response.text.index("Error: ") < response.text.index("</title>")


def test_a_new_category_is_answered_and_flagged(inside: Inside) -> None:
    values = page_of(inside.ask("GET", "/models/binary")).values | {"column:plan": "plsu"}
    response = send(inside, "binary", values)
    assert response.status_code == 200
    assert "did you mean 'plus'?" in page_of(response).text


def test_an_empty_form_is_a_row_of_missing_values(inside: Inside) -> None:
    response = send(inside, "binary", {})
    assert response.status_code == 200
    assert "'age' is missing; it never was when the model learned." in page_of(response).text


TEXT = st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=40)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=st.dictionaries(st.sampled_from(["income", "age", "plan", "member", "joined", "note"]), TEXT))
def test_whatever_is_typed_comes_back_and_is_never_a_fault(inside: Inside, told: dict[str, str]) -> None:
    response = send(inside, "binary", {f"column:{name}": text for name, text in told.items()})
    assert response.status_code in {200, 422}
    page = page_of(response)
    for name, text in told.items():
        if name in {"income", "note"}:
            sent = text.replace("\r\n", "\n").replace("\r", "\n")
            assert page.values[f"column:{name}"] == (sent if sent.strip() else "")


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b'{"rows": []}', "application/json", 415),
        (b"column:age=%ff", FORM, 400),
        (b"\xff\xfe", FORM, 400),
        (b"&".join(b"f%d=1" % number for number in range(500)), FORM, 400),
        (b"column:age=1&column:age=2", FORM, 400),
        (b"column:unheard_of=1&_charset_=utf-8", FORM, 200),
        (b"", FORM, 200),
    ],
)
def test_what_is_no_form_gets_a_sentence(inside: Inside, body: bytes, kind: str, status: int) -> None:
    headers = {**BROWSER, "content-type": kind}
    response = inside.ask("POST", "/models/binary", content=body, headers=headers)
    assert response.status_code == status
    page_of(response)


def test_a_form_of_another_site_is_refused(inside: Inside) -> None:
    values = page_of(inside.ask("GET", "/models/binary")).values
    for headers in ({"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}):
        response = send(inside, "binary", values, **headers)
        assert response.status_code == 403
        assert "A page of another site may not ask this service." in page_of(response).text
    assert send(inside, "binary", values, origin="http://127.0.0.1:8080").status_code == 200


def test_pages_let_nothing_in_from_elsewhere(inside: Inside) -> None:
    for path in ("/", "/models/binary", "/nothing"):
        headers = inside.ask("GET", path, headers=BROWSER).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-frame-options"] == "DENY"
        assert headers.get_list("referrer-policy") == ["same-origin"]
    assert inside.ask("GET", "/v1/models").headers.get_list("referrer-policy") == ["no-referrer"]


def test_a_browser_is_told_problems_on_a_page_and_a_program_as_json(inside: Inside) -> None:
    page = inside.ask("GET", "/models/nothing", headers=BROWSER)
    told = inside.ask("GET", "/models/nothing")
    assert (page.status_code, told.status_code) == (404, 404)
    assert told.headers["content-type"] == "application/problem+json"
    assert told.json()["detail"] in page_of(page).text
    assert "did you mean 'binary'?" in page_of(inside.ask("GET", "/models/binray", headers=BROWSER)).text


def test_with_keys_a_browser_is_asked_for_one_and_shown_what_it_allows(inside: Inside) -> None:
    inside.lock("predict:regression", secret="r" * 43)
    asked = inside.ask("GET", "/", headers=BROWSER)
    assert asked.status_code == 401
    assert 'Basic realm="mlwright"' in asked.headers.get_list("www-authenticate")
    assert "The password is your API key" in page_of(asked).text
    basic = {**BROWSER, "authorization": f"Basic {b64encode(b'me:' + b'r' * 43).decode()}"}
    opened = page_of(inside.ask("GET", "/", headers=basic))
    assert {name for name, _ in opened.values.items()} >= {"column:income"}  # the only one it may ask is opened
    assert "y" in opened.text
    assert inside.ask("GET", "/models/binary", headers=basic).status_code == 403
    assert inside.ask("GET", "/models/regression", headers=basic).status_code == 200
    assert inside.ask("GET", "/static/style.css").status_code == 200


def test_only_what_pages_need_is_given_away(inside: Inside) -> None:
    assert inside.ask("GET", "/static/style.css").headers["content-type"] == "text/css; charset=utf-8"
    assert inside.ask("GET", "/static/icon.svg").headers["content-type"] == "image/svg+xml"
    for name in ("model.html", "..%2f__init__.py", "%2e%2e", "style.css%00"):
        assert inside.ask("GET", f"/static/{name}").status_code == 404


def test_the_form_is_there_while_a_version_is_named(inside: Inside) -> None:
    page = page_of(inside.ask("GET", "/models/binary@1", headers=BROWSER))
    (form,) = [told for tag, told in page.elements if tag == "form"]
    assert form["action"] == "/models/binary@1#result"
    assert inside.ask("GET", "/models/binary@9", headers=BROWSER).status_code == 404
