"""A small adapter: reports on every cluster that is not reconciled. Python 3.9, nothing to install."""

import json, os, sys, time, urllib.error, urllib.parse, urllib.request

API = os.environ.get("API", "http://localhost:8000/api/hyperfleet/v1")
ADAPTER, TOKEN = os.environ.get("ADAPTER", "dns"), os.environ.get("TOKEN")

def ask(method, path, body=None):
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {TOKEN}"} if TOKEN else {})}
    request = urllib.request.Request(API + path, json.dumps(body).encode() if body else None, headers, method=method)
    with urllib.request.urlopen(request, timeout=40) as answer:
        return answer.headers, json.loads(answer.read() or b"null")

def unreconciled():
    query = {"search": "status.conditions.Reconciled = 'False'", "total": "false"}
    while query:
        _, page = ask("GET", "/clusters?" + urllib.parse.urlencode(query))
        yield from page["items"]
        query = {**query, "cursor": page["next"]} if "next" in page else None

def work(cluster):
    """Brings the world in line with cluster["spec"], or cleans up. Answers the conditions to report."""
    if "deleted_time" in cluster:
        return {"Available": "False", "Finalized": "True"}
    return {"Available": "True", "Health": "True"}

def report(cluster):
    conditions = [{"type": name, "status": status, "reason": "Done"} for name, status in work(cluster).items()]
    body = {"adapter": ADAPTER, "observed_generation": cluster["generation"], "conditions": conditions}
    headers, _ = ask("PUT", f"/clusters/{cluster['id']}/statuses", body)
    print(cluster["name"], headers.get("HyperFleet-Discard-Reason", "stored"), flush=True)

while True:
    try:
        for cluster in unreconciled():
            report(cluster)
    except urllib.error.HTTPError as error:  # 404: removed meanwhile. 408, 429, 5xx: try again. Another 4xx: a defect.
        print(error.code, error.read().decode(), file=sys.stderr)
        time.sleep(int(error.headers.get("Retry-After", 1)))
    except OSError as error:
        print(error, file=sys.stderr)
    time.sleep(float(os.environ.get("INTERVAL", "5")))
