"""Rules that the document states only in prose, as code for schemathesis: grammars, and rules across fields."""

import datetime
import re

import schemathesis
from hypothesis import strategies as st

TEXTS = ["id", "name", "kind", "href", "created_by", "labels.env", "spec.region"]
RESOURCE_FIELDS = (
    "kind,name,href,spec,labels,generation,created_time,updated_time,created_by,updated_by,status,owner_references"
)
STATUS_FIELDS = "adapter,observed_generation,observed_time,conditions,data,metadata,created_time,last_report_time"


def joined(*parts):
    return st.tuples(*parts).map("".join)


letters = st.text("ab'\\%_ Ü\"", max_size=6)
literal = letters.map(lambda text: "'" + text.replace("\\", "\\\\").replace("'", "''") + "'")
literals = st.lists(literal, min_size=1, max_size=3).map(lambda values: f"({','.join(values)})")
text_field = st.sampled_from(TEXTS)
pattern = st.text("ab%_ Ü'", max_size=6).map(lambda text: "'" + text.replace("'", "''") + "'")
comparison = st.one_of(
    joined(text_field, st.sampled_from([" = ", "!=", " <> ", ">="]), literal),
    joined(text_field, st.sampled_from([" like ", " not ilike "]), pattern),
    joined(text_field, st.sampled_from([" in ", " not in "]), literals),
    joined(text_field, st.sampled_from([" is null", " IS NOT NULL"])),
    st.integers(-(2**63), 2**63 - 1).map(lambda number: f"generation > {number}"),
    st.sampled_from(["spec.size = 1.5e3", "spec.on = true", "created_time < '2030-01-01T00:00:00Z'"]),
    st.sampled_from(["status.conditions.Reconciled = 'True'", "status.conditions.DnsSuccessful.reason != 'x'"]),
    st.sampled_from(["status.phase = 'Ready'", "status.phase not in ('Failed', 'NotReady')"]),
)
search = st.recursive(
    comparison,
    lambda inner: st.one_of(
        joined(inner, st.sampled_from([" and ", " OR "]), inner), inner.map(lambda text: f"not ({text})")
    ),
    max_leaves=4,
)

status_search = st.one_of(
    joined(st.just("adapter"), st.sampled_from([" = ", "!=", " <> ", ">="]), literal),
    joined(st.just("adapter"), st.sampled_from([" in ", " not in "]), literals),
    st.sampled_from(["observed_generation > 1", "conditions.Available = 'True'", "conditions.Available.reason != 'x'"]),
    st.sampled_from(["last_report_time > '2020-01-01T00:00:00Z'", "not (created_time is null)"]),
)

schemathesis.openapi.format("search-expression", search)
schemathesis.openapi.format("status-search-expression", status_search)
# A search that every resource matches: a response that is held back for half a minute would test nothing more.
schemathesis.openapi.format("wait-expression", search.map(lambda text: f"({text}) or id is not null"))
# All fields: a response with some of them does not match the schema, which requires them all.
schemathesis.openapi.format("resource-fields", st.just(RESOURCE_FIELDS))
schemathesis.openapi.format("status-fields", st.just(STATUS_FIELDS))
# In the coverage phase, schemathesis sends only letters and digits in headers; without this, an empty `If-Match`.
schemathesis.openapi.format("entity-tags", st.sampled_from(["*", '"1"', 'W/"2"', '"1", W/"3"']))
# Only the server creates positions.
schemathesis.openapi.format("position", st.just("now"))
# Only the server creates cursors. A blank value counts as absent.
schemathesis.openapi.format("cursor", st.just(" "))


def without_waiting(case):
    """Prevents that a response is held back until a change occurs."""
    query = case.query or {}
    if re.fullmatch(r"[0-9]+", str(query.get("wait"))) and int(query["wait"]) <= 60:
        query["wait"] = type(query["wait"])(0)


@schemathesis.hook
def before_call(context, case, kwargs):
    """Makes valid requests follow the rules that the document states in prose, on changes, reports and labels."""
    without_waiting(case)
    body = case.body
    if not isinstance(body, dict):
        return
    if body and body.keys() <= {"spec", "labels"} and not any(value is not None for value in body.values()):
        body["spec"] = {}
    if isinstance(body.get("observed_time"), str) and re.fullmatch(TIME, body["observed_time"]):
        body["observed_time"] = datetime.datetime.now(datetime.timezone.utc).isoformat()
    if isinstance(body.get("conditions"), list):
        body["conditions"] = distinct(body["conditions"])
        if case.meta and case.meta.generation.mode.is_negative:
            fracture(body["conditions"])
    if isinstance(body.get("labels"), dict):
        labels = enumerate(body["labels"].items())
        body["labels"] = {key if re.fullmatch(KEY, key) else f"k{index}": value for index, (key, value) in labels}


TIME = r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[-+]\d\d:\d\d)"
KEY = r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"


def distinct(conditions):
    """Keeps the first condition of each type."""
    types = set()
    return [one for one in conditions if not isinstance(one, dict) or is_new(types, str(one.get("type")))]


def fracture(conditions):
    """Keeps negative cases invalid: schemathesis treats 0.0 as an invalid nullable integer, although it is valid."""
    for one in conditions:
        if isinstance(one, dict) and isinstance(one.get("observed_generation"), float):
            one["observed_generation"] += 0.5 if one["observed_generation"].is_integer() else 0


def is_new(known, one):
    new = one not in known
    known.add(one)
    return new
