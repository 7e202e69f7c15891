"""A connector outside the gateway, in any language that speaks HTTP: takes app runs of an app, does them, reports.

python3 connector.py http://127.0.0.1:4000 "My App"    # with a token of a user who may run actions in SOAR_TOKEN
"""
import json, os, sys, time
from urllib.error import HTTPError
from urllib.request import Request, urlopen

URL, APP = sys.argv[1] + "/graphql", sys.argv[2]
HEADERS = {"authorization": "Bearer " + os.environ["SOAR_TOKEN"], "content-type": "application/json"}

CLAIM = """mutation ($app: IdOrName!) { claimAppRuns(input: { app: $app, limit: 5, leaseSeconds: 30 }) {
  success message jobs { appRunId leaseToken attemptKey action asset configuration parameters } } }"""
REPORT = """mutation ($report: ReportAppRunInput!) { reportAppRun(input: $report) { success message } }"""


def ask(query, **variables):
    body = json.dumps({"query": query, "variables": variables}).encode()
    try:
        with urlopen(Request(URL, body, HEADERS), timeout=30) as answer:
            told = json.load(answer)
    except HTTPError as refused:
        if refused.code == 429 or refused.code >= 500:
            raise
        sys.exit(json.load(refused)["errors"][0]["message"])
    if told.get("errors"):
        raise OSError(told["errors"][0]["message"])
    (answer,) = told["data"].values()
    return answer


def do(job, parameters):
    """What the connector is there for; a longer job calls heartbeatAppRuns before its lease runs out."""
    return {"success": True, "message": f"Did {job['action']}.", "data": [parameters], "summary": {}}


def attempt(job, parameters):
    try:
        return do(job, parameters)
    except Exception as error:
        return {"success": False, "message": str(error)}


def work():
    claimed = ask(CLAIM, app=APP)
    if not claimed["success"]:
        sys.exit(claimed["message"])
    for job in claimed["jobs"]:
        results = [attempt(job, parameters) for parameters in job["parameters"]]
        lease = {"appRunId": job["appRunId"], "leaseToken": job["leaseToken"]}
        done = ask(REPORT, report={**lease, "success": True, "results": results})
        print(job["appRunId"], done["message"], flush=True)
    return claimed["jobs"]


while True:
    try:
        if not work():
            time.sleep(1)
    except OSError as error:  # The gateway is away: what was taken is given out again when its lease runs out.
        print(error, file=sys.stderr, flush=True)
        time.sleep(5)
