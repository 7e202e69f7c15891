/** What the explorer opens with: each answers as it stands. */
export const examples = [
  `# The newest open incident that somebody wrote about.
# Run it by the button or Ctrl-Enter. The book on the
# left explains every field, Ctrl-Space offers what fits.

query NewestIncident {
  containers(
    first: 1
    filter: { status: { eq: "open" }, notes: {} }
    orderBy: [{ field: CREATE_TIME, direction: DESC }]
  ) {
    totalCount
    nodes {
      id
      name
      severity
      status
      createTime
      dueTime
      owner {
        username
      }
      artifacts(first: 10) {
        totalCount
        nodes {
          id
          name
          severity
          cef
        }
      }
      notes(first: 5) {
        nodes {
          title
          content
          artifact {
            name
          }
        }
      }
      pins(first: 5) {
        nodes {
          message
          data
          pinStyle
        }
      }
    }
  }
}
`,
  `# phantom.add_artifact. Run it twice: the second time it
# answers the artifact that stands.

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
];
