"""Keeps a copy of the fleet and prints what changes. Python 3.9, nothing to install."""

import json, os, sys, time, urllib.error, urllib.parse, urllib.request

API = os.environ.get("API", "http://localhost:8000/api/hyperfleet/v1")
SEARCH, TOKEN = os.environ.get("SEARCH", ""), os.environ.get("TOKEN")
fleet, versions, position = {}, {}, ""

def events():
    """The events of one stream, until it ends."""
    query = urllib.parse.urlencode({"since": position, "search": SEARCH})
    headers = {"Accept": "application/x-ndjson", **({"Authorization": f"Bearer {TOKEN}"} if TOKEN else {})}
    # A bookmark comes every 10 s: silence for longer means that the connection is gone.
    with urllib.request.urlopen(urllib.request.Request(f"{API}/changes?{query}", headers=headers), timeout=30) as stream:
        for line in stream:
            yield json.loads(line)

def take(event):
    """Applies an event to the copy. An event may come twice, so an older version never replaces a newer one."""
    resource, version = event["object"], int(event["etag"].strip('"'))
    if version < versions.get(resource["id"], 0):
        return
    versions[resource["id"]] = version
    if event["type"] == "DELETED":
        fleet.pop(resource["id"], None)
    else:
        fleet[resource["id"]] = resource
    print(event["type"], resource["kind"], resource["name"], resource["status"]["phase"], flush=True)

while True:
    try:
        for event in events():
            if event["type"] == "ERROR":
                raise RuntimeError(event["problem"]["code"])
            if event["type"] != "BOOKMARK":
                take(event)
            position = event["position"]  # Only once the event is taken: from here the next stream goes on.
    except (RuntimeError, urllib.error.HTTPError) as error:
        print(error, file=sys.stderr)
        if str(error) == "HYPERFLEET-GON-001" or getattr(error, "code", 0) == 410:  # Too old: begin anew.
            fleet, versions, position = {}, {}, ""
    except OSError as error:
        print(error, file=sys.stderr)
    time.sleep(1)
