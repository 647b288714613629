public import Model
public import Sodium

/// One statement body with the signatures of several authors over it: proof to anyone who knows the voters.
public struct Certificate<Body: StatementBody>: Hashable, Sendable {
  public struct Endorsement: Hashable, Sendable {
    public let author: NodeID
    public let epoch: Int
    public let signature: Signature

    public init(author: NodeID, epoch: Int, signature: Signature) {
      self.author = author
      self.epoch = epoch
      self.signature = signature
    }
  }

  public let network: NetworkID
  public let collaboration: CollaborationID
  public let body: Body
  /// By author, each once.
  public let endorsements: [Endorsement]

  /// - Throws: `LedgerError.statement` for no or too many signatures, or an author that stands twice.
  public init(
    network: NetworkID, collaboration: CollaborationID, body: Body, endorsements: [Endorsement]
  ) throws(LedgerError) {
    let ordered = endorsements.sorted { $0.author < $1.author }
    guard (1...2 * Configuration.voterLimit).contains(ordered.count),
      zip(ordered, ordered.dropFirst()).allSatisfy({ $0.author < $1.author })
    else { throw .statement("a certificate by \(ordered.count) authors, or by one twice") }
    self.network = network
    self.collaboration = collaboration
    self.body = body
    self.endorsements = ordered
  }

  /// Puts statements with one body together.
  ///
  /// - Throws: `LedgerError.statement` when they are not all of this body, network and collaboration.
  public init(_ body: Body, _ statements: [SignedStatement]) throws(LedgerError) {
    guard let first = statements.first?.statement, let collaboration = first.collaboration else {
      throw .statement("a certificate of no statement")
    }
    for signed in statements {
      guard signed.statement.network == first.network, signed.statement.collaboration == collaboration,
        (try? signed.statement.decode(Body.self)) == body
      else { throw .statement("a certificate of different statements") }
    }
    try self.init(
      network: first.network, collaboration: collaboration, body: body,
      endorsements: statements.map {
        Endorsement(author: $0.statement.author, epoch: $0.statement.epoch, signature: $0.signature)
      })
  }

  public var authors: Set<NodeID> { Set(endorsements.map(\.author)) }

  /// What each author signed, rebuilt from the body.
  ///
  /// - Throws: `LedgerError.statement` when the body cannot be written canonically.
  public func statements() throws(LedgerError) -> [SignedStatement] {
    var statements: [SignedStatement] = []
    for endorsement in endorsements {
      do {
        statements.append(
          SignedStatement(
            try Statement(
              body, by: endorsement.author, epoch: endorsement.epoch, network: network, collaboration: collaboration),
            signature: endorsement.signature))
      } catch {
        throw .statement("\(error)")
      }
    }
    return statements
  }

  /// What keeps it from proving anything under a configuration, signatures apart; nil when only they are left to check.
  public func flaw(in configuration: Configuration) -> String? {
    for endorsement in endorsements {
      guard let epoch = configuration.epoch(of: endorsement.author) else {
        return "\(endorsement.author.short) has no vote"
      }
      if epoch != endorsement.epoch {
        return "\(endorsement.author.short) signed under key epoch \(endorsement.epoch), not \(epoch)"
      }
    }
    let missing = configuration.missing(from: authors)
    return missing == 0 ? nil : "\(missing) more voters must sign"
  }
}

/// `{"body", "collaboration", "network", "purpose", "signatures": [{"author", "epoch", "signature"}]}`.
extension Certificate: Codable {
  private enum CodingKeys: String, CodingKey { case body, collaboration, network, purpose, signatures }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let purpose = try container.decode(Purpose.self, forKey: .purpose)
    guard purpose == Body.purpose else {
      throw DecodingError.dataCorruptedError(
        forKey: .purpose, in: container, debugDescription: "expected \(Body.purpose), found \(purpose)")
    }
    let endorsements = try container.decode([Endorsement].self, forKey: .signatures)
    try self.init(
      network: container.decode(NetworkID.self, forKey: .network),
      collaboration: container.decode(CollaborationID.self, forKey: .collaboration),
      body: container.decode(Body.self, forKey: .body), endorsements: endorsements)
    guard self.endorsements == endorsements else {
      throw DecodingError.dataCorruptedError(
        forKey: .signatures, in: container, debugDescription: "signatures stand by author")
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(body, forKey: .body)
    try container.encode(collaboration, forKey: .collaboration)
    try container.encode(network, forKey: .network)
    try container.encode(Body.purpose, forKey: .purpose)
    try container.encode(endorsements, forKey: .signatures)
  }
}

extension Certificate.Endorsement: Codable {
  private enum CodingKeys: String, CodingKey { case author, epoch, signature }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    author = try container.decode(NodeID.self, forKey: .author)
    epoch = try container.decode(Int.self, forKey: .epoch)
    guard let bytes = Hexadecimal.decode(try container.decode(String.self, forKey: .signature)),
      let signature = try? Signature(bytes: bytes)
    else {
      throw DecodingError.dataCorruptedError(
        forKey: .signature, in: container, debugDescription: "expected 128 lowercase hexadecimal digits")
    }
    self.signature = signature
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(author, forKey: .author)
    try container.encode(epoch, forKey: .epoch)
    try container.encode(Hexadecimal.encode(signature.bytes), forKey: .signature)
  }
}

/// A quorum holds the chain up to an entry, durably and checked.
public typealias PrepareCertificate = Certificate<Acknowledgement>
/// A quorum holds the prepare certificate durably: the entry and all before it are decided.
public typealias CommitCertificate = Certificate<Confirmation>
/// A quorum voted for one candidate: the proof of office.
public typealias ElectionCertificate = Certificate<Vote>

extension PrepareCertificate {
  public var position: Position { Position(term: body.term, number: body.number, head: body.head) }
}

extension CommitCertificate {
  /// Who confirmed held the prepare certificate: what is decided is prepared.
  public var position: Position { Position(term: body.term, number: body.number, head: body.head) }
}
