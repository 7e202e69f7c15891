/** The part of the schema that the benchmark asks for. */
export const typeDefs = `
  scalar DateTime
  scalar JSONObject
  enum OrderDirection { ASC DESC }
  enum ContainerOrderField { CREATE_TIME }
  enum Sensitivity { RED AMBER GREEN WHITE }
  enum ContainerType { DEFAULT CASE }
  enum NoteType { GENERAL ARTIFACT TASK }
  enum PinStyle { GREY BLUE RED WHITE PURPLE }
  enum PinType { CARD DATA CARD_SMALL CARD_MEDIUM CARD_LARGE }
  input ContainerOrder { field: ContainerOrderField!, direction: OrderDirection = ASC }
  input NameFilter { eq: String! }
  input ContainerFilter { label: NameFilter, status: NameFilter, severity: NameFilter }

  type Query {
    containers(first: Int = 50, filter: ContainerFilter, orderBy: [ContainerOrder!]): ContainerConnection
    container(id: Int!): Container
  }

  type ContainerConnection { nodes: [Container!]! }
  type ArtifactConnection { nodes: [Artifact!]! }
  type NoteConnection { nodes: [Note!]! }
  type PinConnection { nodes: [Pin!]! }

  type Container {
    id: Int!
    name: String!
    description: String!
    label: String!
    status: String!
    severity: String!
    sensitivity: Sensitivity!
    containerType: ContainerType!
    createTime: DateTime!
    startTime: DateTime!
    dueTime: DateTime
    hash: String!
    sourceDataIdentifier: String!
    tags: [String!]!
    artifacts(first: Int = 50): ArtifactConnection!
    notes(first: Int = 50): NoteConnection!
    pins(first: Int = 50): PinConnection!
  }

  type Artifact {
    id: Int!
    name: String!
    label: String!
    severity: String!
    type: String
    cef: JSONObject!
    sourceDataIdentifier: String!
    createTime: DateTime!
  }

  type Note {
    id: Int!
    title: String!
    content: String!
    noteType: NoteType!
    createTime: DateTime!
  }

  type Pin {
    id: Int!
    message: String
    data: String
    pinStyle: PinStyle!
    pinType: PinType!
  }

  type Mutation { addArtifact(input: AddArtifactInput!): AddArtifactPayload }

  input AddArtifactInput {
    container: Int!
    name: String!
    label: String!
    severity: String!
    artifactType: String
    cefData: JSONObject!
    fieldMapping: JSONObject
    rawData: JSONObject!
    identifier: String!
  }

  type AddArtifactPayload {
    success: Boolean!
    code: String
    artifactId: Int
  }
`;
