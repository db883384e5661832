"""Keeps a copy of the fleet and prints its changes. Python 3.9, no dependencies."""

import http.client, json, os, sys, time, urllib.error, urllib.parse, urllib.request

API = os.environ.get("API", "http://localhost:8000/api/hyperfleet/v1")
SEARCH, TOKEN = os.environ.get("SEARCH", ""), os.environ.get("TOKEN")
fleet, versions, position = {}, {}, ""

def events():
    """Yields the events of one stream until it ends."""
    query = urllib.parse.urlencode({"since": position, "search": SEARCH})
    headers = {"Accept": "application/x-ndjson", **({"Authorization": f"Bearer {TOKEN}"} if TOKEN else {})}
    # A bookmark arrives every 10 s: if nothing arrives for much longer, the connection is lost.
    request = urllib.request.Request(f"{API}/changes?{query}", headers=headers)
    with urllib.request.urlopen(request, timeout=30) as stream:
        for line in stream:
            yield json.loads(line)

def take(event):
    """Applies an event to the copy. An event may be delivered twice: an older version never replaces a newer one."""
    resource, version = event["object"], int(event["etag"].strip('"'))
    if version < versions.get(resource["id"], 0):
        return
    versions[resource["id"]] = version
    if event["type"] == "DELETED":
        fleet.pop(resource["id"], None)
    else:
        fleet[resource["id"]] = resource
    print(event["type"], resource["kind"], resource["name"], resource["status"]["phase"], flush=True)

def refused(status, problem):
    """Prints a refusal. Exits if a retry cannot succeed. After 410, the position is too old: clears the copy."""
    global position
    print(status, problem, file=sys.stderr, flush=True)
    if status in (400, 401, 403):
        sys.exit(1)
    if status == 410:
        fleet.clear(), versions.clear()
        position = ""

while True:
    try:
        for event in events():
            if event["type"] == "ERROR":
                refused(event["problem"]["status"], event["problem"])
                break
            if event["type"] != "BOOKMARK":
                take(event)
            position = event["position"]  # Set after the event is applied: the next stream continues from here.
    except urllib.error.HTTPError as error:
        refused(error.code, error.read().decode())
    except (OSError, http.client.HTTPException) as error:
        print(error, file=sys.stderr, flush=True)
    time.sleep(1)
