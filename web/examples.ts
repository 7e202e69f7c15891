interface Example {
  /** What one does with it. */
  job: string;
  query: string;
}

/** What the explorer opens with: each answers as it stands on the sample incidents. */
export const examples: readonly Example[] = [
  {
    job: "Find an incident",
    query: `# The newest open incidents of a severity.
# Run it by the button or Ctrl-Enter.
# The book on the left explains every field, Ctrl-Space offers what fits.

query FindIncidents {
  containers(
    first: 5
    filter: { status: { eq: "open" }, severity: { eq: "high" } }
    orderBy: { field: CREATE_TIME, direction: DESC }
  ) {
    totalCount
    nodes {
      id
      name
      label
      severity
      createTime
      dueTime
      owner {
        username
      }
    }
  }
}
`,
  },
  {
    job: "See everything on one case",
    query: `# The newest open case with what hangs on it.
# With container(id: …) it is the one of a number.

query EverythingOnOneCase {
  containers(
    first: 1
    filter: { containerType: { eq: CASE }, status: { eq: "open" } }
    orderBy: { field: CREATE_TIME, direction: DESC }
  ) {
    nodes {
      id
      name
      severity
      sensitivity
      currentPhase {
        name
      }
      phases {
        nodes {
          name
          tasks {
            nodes {
              name
              status
              owner {
                username
              }
            }
          }
        }
      }
      artifacts(first: 10) {
        totalCount
        nodes {
          id
          name
          cef
        }
      }
      notes {
        nodes {
          title
          content
        }
      }
      pins {
        nodes {
          message
          data
        }
      }
      comments {
        nodes {
          comment
          author {
            username
          }
        }
      }
      actionRuns {
        nodes {
          action
          status
          message
        }
      }
      vaultItems {
        nodes {
          name
          size
          hash
        }
      }
    }
  }
}
`,
  },
  {
    job: "See who else saw an address",
    query: `# Incidents with an artifact of this value, by its CEF key.

query WhoElseSawThis {
  containers(
    filter: { artifacts: { cef: { key: "sourceAddress", eq: "1.1.1.1" } } }
  ) {
    totalCount
    nodes {
      id
      name
      status
      createTime
      artifacts(filter: { cef: { key: "sourceAddress", eq: "1.1.1.1" } }) {
        nodes {
          id
          name
          cefFields {
            key
            value
          }
        }
      }
    }
  }
}
`,
  },
  {
    job: "Add an artifact",
    query: `# phantom.add_artifact.
# Run it twice: the second time it answers the artifact that stands.

mutation AddArtifact {
  addArtifact(
    input: {
      container: 7
      name: "Address in the firewall log"
      label: "netflow"
      severity: "medium"
      identifier: "firewall-2020-11-05-1"
      artifactType: "network"
      rawData: {}
      cefData: { sourceAddress: "203.0.113.9", destinationPort: 443 }
    }
  ) {
    success
    message
    code
    artifact {
      id
      name
      hash
      container {
        name
        artifactCount
      }
    }
  }
}
`,
  },
  {
    job: "Pin a finding",
    query: `# phantom.pin.
# With a name, a pin of that name is changed instead of added.

mutation PinFinding {
  pin(
    input: {
      container: 7
      name: "verdict"
      message: "Verdict"
      data: "Malicious, confirmed by two sources"
      pinType: CARD
      pinStyle: RED
    }
  ) {
    success
    message
    pin {
      id
      message
      data
      pinStyle
    }
  }
}
`,
  },
  {
    job: "Write a note",
    query: `# phantom.add_note.
# With an artifactId or a taskId it is about that.

mutation AddNote {
  addNote(
    input: {
      container: 7
      title: "What the logs show"
      content: "The first connection was at **21:39**."
    }
  ) {
    success
    message
    note {
      id
      noteType
      noteFormat
      author {
        username
      }
    }
  }
}
`,
  },
  {
    job: "Comment",
    query: `# phantom.comment.

mutation Comment {
  comment(
    input: { container: 7, comment: "Handing over to the night shift." }
  ) {
    success
    message
    comment {
      id
      createTime
      author {
        username
      }
    }
  }
}
`,
  },
  {
    job: "Open a case from a template",
    query: `# phantom.create_container.
# The template is copied into it as its workbook.

mutation OpenCase {
  createContainer(
    input: {
      name: "Mail with a stolen invoice"
      label: "phishing"
      containerType: CASE
      template: "Incident response"
      severity: "high"
      sensitivity: AMBER
      tags: ["invoice"]
    }
  ) {
    success
    message
    container {
      id
      dueTime
      phases {
        nodes {
          name
          tasks {
            nodes {
              name
            }
          }
        }
      }
    }
  }
}
`,
  },
  {
    job: "Promote an incident to a case",
    query: `# phantom.promote.
# The template's phases and tasks become its workbook.

mutation Promote {
  promote(input: { container: 8, template: "Incident response" }) {
    success
    message
    container {
      id
      containerType
      currentPhase {
        name
      }
    }
  }
}
`,
  },
  {
    job: "Merge an incident into a case",
    query: `# phantom.merge, first as a trial: it tells what would be copied.
# Without dryRun it is.

mutation Merge {
  merge(input: { case: 3, item: { containerId: 7 }, dryRun: true }) {
    success
    message
    counts
  }
}
`,
  },
  {
    job: "Set the status of several",
    query: `# phantom.set_status, on up to a hundred at once.

mutation SetStatus {
  setStatus(input: { containers: [4, 5], status: "open" }) {
    success
    message
    results {
      success
      message
      container {
        id
        status
      }
    }
  }
}
`,
  },
  {
    job: "Follow a case as it changes",
    query: `# Run it and leave it open, then run another example in another tab.
# Every event carries a cursor; after: "<cursor>" goes on from there, with nothing missed.

subscription FollowContainer {
  containerEvents(filter: { container: 7 }) {
    kind
    time
    cursor
    node {
      __typename
      nodeId
    }
  }
}
`,
  },
  {
    job: "Run an action",
    query: `# On every asset of every app that has it, unless assets say where.
# It is queued; wait for its end with actionRun(id: …, waitSeconds: 30).

mutation RunAction {
  act(
    input: {
      container: 7
      action: "geolocate ip"
      parameters: [{ ip: "1.1.1.1" }, { ip: "8.8.8.8" }]
      assets: ["maxmind"]
    }
  ) {
    success
    message
    code
    actionRun {
      id
      status
      appRuns {
        nodes {
          status
          message
        }
      }
    }
  }
}
`,
  },
  {
    job: "Follow actions",
    query: `# Tells how actions go, from now on: run it, and run one in another tab.
# After a break, give the last cursor as after and miss nothing.

subscription FollowActions {
  actionRunEvents {
    kind
    cursor
    sequence
    status
    actionRun {
      id
      action
      message
    }
    appRun {
      message
    }
  }
}
`,
  },
  {
    job: "Read what an action gave",
    query: `# The results, and with kwargs all that a playbook's callback is called with, under Python's names.

query ActionResults {
  actionRun(id: 11, waitSeconds: 30) {
    status
    message
    callback {
      success
      results {
        asset
        actionResults {
          message
          parameter
          data
          summary
        }
      }
      kwargs
    }
  }
}
`,
  },
  {
    job: "Ask somebody before an action runs",
    query: `# Nothing runs until the reviewer agrees; assets with approvers ask them in the same way.

mutation AskFirst {
  act(
    input: {
      container: 7
      action: "geolocate ip"
      parameters: [{ ip: "1.1.1.1" }]
      assets: ["maxmind"]
      reviewer: "admin"
    }
  ) {
    success
    message
    actionRun {
      id
      status
      approvals {
        nodes {
          id
          status
          approver {
            username
          }
        }
      }
      appRuns {
        nodes {
          status
          message
        }
      }
    }
  }
}
`,
  },
  {
    job: "See what waits for an approval",
    query: `# The newest first, with who was asked.

query WaitingApprovals {
  approvals(
    first: 10
    filter: { actionRun: { status: { eq: PENDING } } }
    orderBy: { field: ID, direction: DESC }
  ) {
    totalCount
    nodes {
      id
      status
      dueTime
      approver {
        username
      }
      actionRun {
        action
        targets
        container {
          id
          name
        }
      }
    }
  }
}
`,
  },
  {
    job: "Approve an action",
    query: `# Only who was asked can; denyActionRun refuses.
# What the gateway has no connector for then waits for one outside.

mutation Approve {
  approveActionRun(
    input: { approvalId: 29, comment: "The user is on holiday." }
  ) {
    success
    message
    actionRun {
      action
      status
      appRuns {
        nodes {
          status
          message
        }
      }
    }
  }
}
`,
  },
  {
    job: "Test whether an asset can be reached",
    query: `# Asks the product by the asset's settings and keeps the answer in its appStatuses.

mutation TestAsset {
  testAsset(input: { asset: "maxmind" }) {
    success
    passed
    message
    asset {
      name
      app {
        name
        connector
      }
    }
  }
}
`,
  },
  {
    job: "Run a playbook",
    query: `# It is queued, and an automation engine takes it: docs/engine.py is one that runs the playbook's Python.
# scope: NEW is what came since it last ran here.

mutation RunPlaybook {
  runPlaybook(
    input: { playbook: "local/phishing_triage", container: 7, scope: ALL }
  ) {
    success
    message
    code
    playbookRun {
      id
      status
      playbook {
        python
      }
    }
  }
}
`,
  },
  {
    job: "Collect values from artifacts",
    query: `# phantom.collect2: a row for each artifact, a column for each path.

query CollectValues {
  collect2(
    input: {
      container: 7
      datapath: ["artifact:*.name", "artifact:*.cef.sourceAddress"]
    }
  ) {
    success
    message
    rows
  }
}
`,
  },
  {
    job: "Page a long list",
    query: `# Twenty at a time.
# For the next page put endCursor where null stands, until hasNextPage is false.
# Nothing is missed or seen twice, whatever others add and delete meanwhile.

query PageArtifacts($after: String = null) {
  artifacts(first: 20, after: $after) {
    totalCount
    nodes {
      id
      name
      container {
        id
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`,
  },
  {
    job: "See why actions failed",
    query: `# The newest action runs that failed, and on which asset.

query FailedActions {
  actionRuns(
    first: 5
    filter: { status: { eq: FAILED } }
    orderBy: { field: ID, direction: DESC }
  ) {
    totalCount
    nodes {
      id
      action
      message
      container {
        id
        name
      }
      appRuns {
        nodes {
          status
          message
          asset {
            name
          }
        }
      }
    }
  }
}
`,
  },
  {
    job: "See what was done, and by whom",
    query: `# The newest entries of the audit.

query Audit {
  auditEntries(first: 10, orderBy: { field: ID, direction: DESC }) {
    nodes {
      time
      operation
      outcome
      message
      user {
        username
      }
      container {
        name
      }
    }
  }
}
`,
  },
  {
    job: "Add a label",
    query: `# An administrator's mutation, as there is one for each name that containers carry. deleteLabel takes it back.

mutation AddLabel {
  createLabel(input: { name: "insider" }) {
    success
    message
    code
    label {
      name
    }
  }
}
`,
  },
  {
    job: "See how the week went",
    query: `# The last seven days; startTime and endTime ask for others, label and userId for some of it.

query Week {
  widgetData {
    containersNew {
      date
      count
    }
    containersResolved {
      date
      count
    }
    containersPerformance {
      triage
      resolution
    }
    containersWorkload {
      user {
        username
      }
      count
    }
    topPlaybooksActions {
      actions {
        actionName
        total
        averageDuration
      }
    }
  }
}
`,
  },
  {
    job: "See how it is set up",
    query: `# The names and plans that administrators keep.

query Setup {
  labels {
    name
  }
  severities {
    name
  }
  statuses {
    name
    statusType
  }
  workbookTemplates {
    nodes {
      id
      name
      isDefault
      phases {
        nodes {
          name
        }
      }
    }
  }
  assets {
    nodes {
      name
      app {
        name
      }
    }
  }
}
`,
  },
  {
    job: "See what I may do",
    query: `query WhatMayIDo {
  viewer {
    user {
      username
      roles {
        nodes {
          name
        }
      }
    }
    permissions
  }
}
`,
  },
];
