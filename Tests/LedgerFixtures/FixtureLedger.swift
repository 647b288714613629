public import Ledger
public import Model

/// A ledger of a collaboration of a few nodes, made from fixed keys: the same numbers give the same bytes.
public struct FixtureLedger: Sendable {
  struct Charter: Codable {
    var founder: NodeID
    var name: String
    var network: NetworkID
    var nonce: String
  }

  public static let network = NetworkID(Digest(of: Array("a network".utf8)))
  public static let configuration = Digest(of: Array("a configuration".utf8))

  public let nodes: [FixtureNode]
  public let collaboration: CollaborationID
  public private(set) var chain: Chain
  public private(set) var entries: [Entry] = []
  public private(set) var proposals: [SignedProposal] = []
  private let charter: JSON

  public var coordinator: FixtureNode { nodes[0] }

  /// A ledger with no entries yet; `nodes[0]` coordinates.
  public init(memberCount: Int = 3, name: String = "survey") throws {
    nodes = try (1...memberCount).map { try FixtureNode($0) }
    let charter = Charter(
      founder: nodes[0].id, name: name, network: Self.network, nonce: String(repeating: "0", count: 64))
    let bytes = try CanonicalJSON.encode(charter)
    self.charter = try CanonicalJSON.parse(bytes, limit: 1_024)
    collaboration = CollaborationID(Digest(of: bytes))
    chain = Chain(collaboration)
  }

  /// A ledger of `count` entries in batches of `batch`.
  public init(count: Int, batch: Int, memberCount: Int = 3, name: String = "survey") throws {
    try self.init(memberCount: memberCount, name: name)
    for number in 1...count {
      if number == 1 { try open() } else { try append() }
      if number % batch == 0 { try propose() }
    }
    try propose()
  }

  /// The body of entry 1: charter, coordinator and roster with certificates.
  public func openingBody() throws -> JSON {
    let members: [JSON] = try nodes.sorted { $0.id < $1.id }.map { node in
      let certificate = try CanonicalJSON.encode(node.certificate(in: Self.network))
      return .object([
        "certificate": try CanonicalJSON.parse(certificate, limit: 65_536),
        "name": .string(node.name), "node": .string(node.id.hexadecimal),
      ])
    }
    return .object([
      "charter": charter, "coordinator": .string(nodes[0].id.hexadecimal),
      "roster": .object(["members": .array(members), "version": .integer(1)]), "round": .integer(1),
    ])
  }

  public mutating func open() throws {
    try append(kind: "round.opened", body: openingBody())
  }

  public mutating func append(kind: String = "note.added", body: JSON? = nil) throws {
    let number = chain.number + 1
    let entry = try chain.extend(
      kind: kind, body: body ?? .object(["text": .string("note \(number)")]), term: 1,
      timeMilliseconds: 1_700_000_000_000 + Int64(number), configuration: Self.configuration)
    entries.append(entry)
  }

  /// Signs what is not proposed yet as one batch.
  public mutating func propose() throws {
    let first = (proposals.last?.proposal.last ?? 0) + 1
    guard first <= chain.number else { return }
    let body = Proposal(
      term: 1, configuration: Self.configuration, first: first, last: chain.number, head: chain.head)
    proposals.append(try SignedProposal(coordinator.sign(statement(body, by: coordinator))))
  }

  public func acknowledgement(of number: Int, by node: FixtureNode) throws -> SignedAcknowledgement {
    let body = Acknowledgement(
      term: 1, configuration: Self.configuration, number: number, head: entries[number - 1].hash)
    return try SignedAcknowledgement(node.sign(statement(body, by: node)))
  }

  public func statement(_ body: some StatementBody, by node: FixtureNode) throws -> Statement {
    try Statement(body, by: node.id, epoch: 1, network: Self.network, collaboration: collaboration)
  }

  /// As a reader feeds it: each proposal after its last entry.
  public func verify(_ verifier: inout Verifier, entries places: [(number: Int, bytes: [UInt8])]? = nil)
    -> VerificationReport
  {
    var waiting = proposals[...]
    for place in places ?? entries.map({ ($0.number, $0.bytes) }) {
      while let next = waiting.first, next.proposal.last < place.number {
        verifier.take(next.signed)
        waiting.removeFirst()
      }
      verifier.take(place.bytes, at: place.number)
    }
    for next in waiting { verifier.take(next.signed) }
    return verifier.finish(expectedCount: (places?.count ?? entries.count))
  }
}
