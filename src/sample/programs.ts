/*
 * The playbooks of the sample, with the Python that an automation engine runs.
 */

const whoisApp = `import phantom.rules as phantom

def on_start(container):
    domains = phantom.collect(container, "artifact:*.cef.destinationDnsDomain", scope="all")
    for domain in sorted({domain for domain in domains if domain}):
        phantom.act("whois domain", parameters=[{"domain": domain}], callback=told, name="whois_domain_1")

def told(container=None, success=None, results=None, **_):
    for result in results:
        phantom.comment(container, result["message"])

def on_finish(container, summary):
    phantom.debug("Asked about", len(summary["result"]), "domains")
`;

const addsAnArtifact = `import phantom.rules as phantom

def on_start(container):
    phantom.debug(phantom.collect(container, "artifacts:*", scope="all"))
    success, message, artifact_id = phantom.add_artifact(
        container=container, raw_data={}, cef_data={"sourceAddress": "1.1.1.1"}, label="netflow",
        name="test_event", severity="high", identifier=None, artifact_type="network")
    phantom.debug("artifact added as id:" + str(artifact_id))
    phantom.debug(phantom.collect(container, "artifacts:*", scope="all"))
`;

const locates = `import phantom.rules as phantom

def on_start(container):
    rows = phantom.collect2(container=container, datapath=["artifact:*.cef.sourceAddress", "artifact:*.id"])
    addresses = sorted({address for address, _ in rows if address})
    if addresses:
        phantom.act("geolocate ip", parameters=[{"ip": address} for address in addresses],
                    assets=["maxmind"], callback=located, name="geolocate_ip_1")
    else:
        phantom.add_tags(container, tags=["nothing to locate"])

def located(container=None, success=None, **_):
    rows = phantom.collect2(container=container, datapath=[
        "geolocate_ip_1:action_result.parameter.ip", "geolocate_ip_1:action_result.data.*.country_name"])
    for address, country in rows:
        phantom.pin(container, message=address, data=country or "nowhere known", pin_style="blue", name=address)
`;

const names = `import phantom.rules as phantom

def on_start(container):
    hashes = phantom.collect(container, "artifact:*.cef.fileHash")
    for found in sorted({one for one in hashes if one}):
        phantom.pin(container, message="Known bad file", data=found, pin_style="red", name=found)
    if any(hashes):
        phantom.set_severity(container, "high")
`;

export const programs = [
  {
    id: 42,
    name: "whois_app",
    description: "Asks whois about every domain.",
    labels: ["events"],
    category: "Enrichment",
    python: whoisApp,
  },
  {
    id: 58,
    name: "2498",
    description: "Adds an artifact to an incident.",
    labels: ["incident"],
    category: "Examples",
    python: addsAnArtifact,
  },
  {
    id: 60,
    name: "phishing_triage",
    description: "Locates the senders of reported mails.",
    labels: ["phishing"],
    category: "Enrichment",
    active: true,
    python: locates,
  },
  {
    id: 61,
    name: "malware_containment",
    description: "Pins the known bad files.",
    labels: ["malware"],
    category: "Containment",
    active: true,
    python: names,
  },
  {
    id: 62,
    name: "ask_whois",
    description: "Takes an address and gives its owner.",
    labels: ["*"],
    category: "Inputs",
    type: "data" as const,
  },
];
