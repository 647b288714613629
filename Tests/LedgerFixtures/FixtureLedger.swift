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

  public let nodes: [FixtureNode]
  public let collaboration: CollaborationID
  /// Of what is appended next; at first all nodes vote, or as many as asked for.
  public private(set) var configuration: Configuration
  /// Of the newest term.
  public private(set) var coordinator: FixtureNode
  public private(set) var term = 1
  public private(set) var chain: Chain
  public private(set) var entries: [Entry] = []
  public private(set) var proposals: [SignedProposal] = []
  private let charter: JSON

  /// A ledger with no entries yet; `nodes[0]` coordinates.
  public init(memberCount: Int = 3, voterCount: Int? = nil, name: String = "survey") throws {
    nodes = try (1...memberCount).map { try FixtureNode($0) }
    coordinator = nodes[0]
    let charter = Charter(
      founder: nodes[0].id, name: name, network: Self.network, nonce: String(repeating: "0", count: 64))
    let bytes = try CanonicalJSON.encode(charter)
    self.charter = try CanonicalJSON.parse(bytes, limit: 1_024)
    collaboration = CollaborationID(Digest(of: bytes))
    configuration = try Configuration(
      voters: nodes.prefix(voterCount ?? memberCount).map { .init(node: $0.id, epoch: 1) })
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

  /// The first nodes alone vote.
  public func votersConfiguration(_ count: Int) -> Configuration {
    guard let configuration = try? Configuration(voters: nodes.prefix(count).map { .init(node: $0.id, epoch: 1) })
    else { preconditionFailure("\(count) voters of \(nodes.count) nodes") }
    return configuration
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
      "charter": charter, "configuration": try CanonicalJSON.json(of: configuration),
      "coordinator": .string(nodes[0].id.hexadecimal),
      "roster": .object(["members": .array(members), "version": .integer(1)]), "round": .integer(1),
    ])
  }

  public mutating func open() throws {
    try append(kind: "round.opened", body: openingBody())
  }

  public mutating func append(kind: String = "note.added", body: JSON? = nil) throws {
    let number = chain.number + 1
    let entry = try chain.extend(
      kind: kind, body: body ?? .object(["text": .string("note \(number)")]), term: term,
      timeMilliseconds: 1_700_000_000_000 + Int64(number), configuration: configuration.hash)
    entries.append(entry)
  }

  // MARK: Voters

  /// Appends what makes these nodes the voters: the joint configuration, and its end with a proof.
  ///
  /// - Parameter deciders: who confirms the joint entry; all members when nil.
  public mutating func changeVoters(to nodes: [FixtureNode], decidedBy deciders: [FixtureNode]? = nil) throws {
    let next = nodes.map { Configuration.Voter(node: $0.id, epoch: 1) }
    try propose()
    configuration = try Configuration(voters: configuration.voters, next: next)
    try append(
      kind: MembershipChange.changingKind, body: .object(["configuration": CanonicalJSON.json(of: configuration)]))
    try propose()
    let proof = try decision(of: chain.number, by: deciders)
    configuration = try Configuration(voters: next)
    try append(
      kind: MembershipChange.changedKind,
      body: .object([
        "configuration": CanonicalJSON.json(of: configuration), "decided": CanonicalJSON.json(of: proof),
      ]))
    try propose()
  }

  /// What is appended from here on stands under these voters, whether or not any entry says so.
  public mutating func pretendVoters(_ nodes: [FixtureNode]) throws {
    try propose()
    configuration = try Configuration(voters: nodes.map { .init(node: $0.id, epoch: 1) })
  }

  /// Signs what is not proposed yet as one batch.
  ///
  /// - Parameter node: another than the coordinator, who may not.
  public mutating func propose(by node: FixtureNode? = nil) throws {
    let first = (proposals.last?.proposal.last ?? 0) + 1
    guard first <= chain.number else { return }
    let body = Proposal(
      term: term, configuration: configuration.hash, first: first, last: chain.number, head: chain.head)
    let author = node ?? coordinator
    proposals.append(try SignedProposal(author.sign(statement(body, by: author))))
  }

  // MARK: Terms

  /// Begins the next term: the rest of the one before is proposed, and a node takes over by the votes of all.
  public mutating func openTerm(by node: FixtureNode) throws {
    try propose()
    enterTerm(term + 1, of: node)
    try append(kind: TermOpened.kind, body: CanonicalJSON.json(of: opening(by: election(of: vote(for: node)))))
  }

  /// What is appended from here on is of this term and proposed by this node, whether or not anybody elected it.
  public mutating func enterTerm(_ number: Int, of node: FixtureNode) {
    term = number
    coordinator = node
  }

  /// A vote for who stands at the newest entry, in the newest term.
  public func vote(for node: FixtureNode) -> Vote {
    let position = Position(term: chain.term, number: chain.number, head: chain.head)
    return Vote(term: term, candidate: node.id, position: position, configuration: configuration.hash)
  }

  public func election(of vote: Vote, by voters: [FixtureNode]? = nil) throws -> ElectionCertificate {
    try certificate(vote, by: voters)
  }

  public func opening(by election: ElectionCertificate) -> TermOpened {
    let node = election.body.candidate
    return TermOpened(
      cause: TermCause(kind: .lost, by: node, detail: "silent for 1000 ms"), coordinator: node, election: election,
      grounds: nil)
  }

  // MARK: Certificates

  /// A prepare certificate for an entry.
  public func prepared(_ number: Int, by voters: [FixtureNode]? = nil) throws -> PrepareCertificate {
    try certificate(
      Acknowledgement(
        term: entries[number - 1].term, configuration: configuration.hash, number: number,
        head: entries[number - 1].hash), by: voters)
  }

  /// The certificate that decides an entry and all before it.
  public func decision(of number: Int, by voters: [FixtureNode]? = nil) throws -> CommitCertificate {
    try certificate(
      Confirmation(
        term: entries[number - 1].term, configuration: configuration.hash, number: number,
        head: entries[number - 1].hash), by: voters)
  }

  /// - Parameter voters: who signs; all when nil.
  public func certificate<Body>(_ body: Body, by voters: [FixtureNode]? = nil) throws -> Certificate<Body> {
    try Certificate(
      body, (voters ?? nodes.filter { configuration.hasVote($0.id) }).map { $0.sign(try statement(body, by: $0)) })
  }

  public func acknowledgement(of number: Int, by node: FixtureNode) throws -> SignedAcknowledgement {
    let body = Acknowledgement(
      term: entries[number - 1].term, configuration: configuration.hash, number: number,
      head: entries[number - 1].hash)
    return try SignedAcknowledgement(node.sign(statement(body, by: node)))
  }

  public func statement(_ body: some StatementBody, by node: FixtureNode) throws -> Statement {
    try Statement(body, by: node.id, epoch: 1, network: Self.network, collaboration: collaboration)
  }

  /// As a reader feeds it: the decision first, each proposal after its last entry.
  public func verify(
    _ verifier: inout Verifier, entries places: [(number: Int, bytes: [UInt8])]? = nil,
    decision: CommitCertificate? = nil
  ) -> VerificationReport {
    if let decision { verifier.take(decision: decision) }
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
