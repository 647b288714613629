internal import Ledger
public import Model

/// A message as it travels (docs/protocol/frame.proto, `Consensus`): its name, and what of it is statements, entries
/// and one canonical document.
public struct ConsensusMessageParts: Hashable, Sendable {
  public var kind: String
  public var statements: [SignedStatement]
  public var entries: [[UInt8]]
  public var document: [UInt8]

  public init(kind: String, statements: [SignedStatement] = [], entries: [[UInt8]] = [], document: [UInt8] = []) {
    self.kind = kind
    self.statements = statements
    self.entries = entries
    self.document = document
  }
}

extension ConsensusMessage {
  private struct Request: Codable {
    var from: Int
    var limit: Int
  }

  public var parts: ConsensusMessageParts {
    switch self {
    case .standing(let standing): .init(kind: "standing", document: Self.encode(standing))
    case .request(let from, let limit):
      .init(kind: "request", document: Self.encode(Request(from: from, limit: limit)))
    case .entries(let segment):
      .init(
        kind: "entries", statements: segment.proposals, entries: segment.entries,
        document: segment.decision.map { Self.encode($0) } ?? [])
    case .acknowledgement(let signed): .init(kind: "acknowledgement", statements: [signed])
    case .confirmation(let signed): .init(kind: "confirmation", statements: [signed])
    case .prepared(let certificate): .init(kind: "prepared", document: Self.encode(certificate))
    case .decided(let certificate): .init(kind: "decided", document: Self.encode(certificate))
    case .preVote(let signed, let credentials):
      .init(kind: "preVote", statements: [signed], document: Self.encode(credentials))
    case .candidacy(let credentials): .init(kind: "candidacy", document: Self.encode(credentials))
    case .vote(let signed): .init(kind: "vote", statements: [signed])
    case .credentials(let credentials): .init(kind: "credentials", document: Self.encode(credentials))
    case .credentialsRequest: .init(kind: "credentialsRequest")
    case .call(let signed): .init(kind: "call", statements: [signed])
    case .transfer(let signed): .init(kind: "transfer", statements: [signed])
    }
  }

  /// Reads a message; nothing of it is checked but its form.
  ///
  /// - Throws: `ConsensusDrop.malformed`.
  public init(_ parts: ConsensusMessageParts) throws(ConsensusDrop) {
    switch parts.kind {
    case "standing": self = .standing(try Self.decode(Standing.self, parts))
    case "request":
      let request = try Self.decode(Request.self, parts)
      self = .request(from: request.from, limit: request.limit)
    case "entries":
      self = .entries(
        SegmentBytes(
          entries: parts.entries, proposals: parts.statements,
          decision: parts.document.isEmpty ? nil : try Self.decode(CommitCertificate.self, parts)))
    case "acknowledgement": self = .acknowledgement(try Self.statement(parts))
    case "confirmation": self = .confirmation(try Self.statement(parts))
    case "prepared": self = .prepared(try Self.decode(PrepareCertificate.self, parts))
    case "decided": self = .decided(try Self.decode(CommitCertificate.self, parts))
    case "preVote": self = .preVote(try Self.statement(parts), try Self.decode(Credentials.self, parts))
    case "candidacy": self = .candidacy(try Self.decode(Credentials.self, parts))
    case "vote": self = .vote(try Self.statement(parts))
    case "credentials": self = .credentials(try Self.decode(Credentials.self, parts))
    case "credentialsRequest": self = .credentialsRequest
    case "call": self = .call(try Self.statement(parts))
    case "transfer": self = .transfer(try Self.statement(parts))
    default: throw .malformed("a message of unknown kind")
    }
  }

  private static func encode(_ value: some Encodable) -> [UInt8] {
    do {
      return try CanonicalJSON.encode(value)
    } catch {
      // Numbers, hashes and statements that were canonical before they came here.
      preconditionFailure("a consensus message cannot be written: \(error)")
    }
  }

  private static func decode<Value: Codable>(
    _ type: Value.Type, _ parts: ConsensusMessageParts
  ) throws(ConsensusDrop) -> Value {
    do {
      return try CanonicalJSON.decode(type, from: parts.document, limit: ConsensusLimits.documentByteLimit)
    } catch {
      throw .malformed("\(error)")
    }
  }

  private static func statement(_ parts: ConsensusMessageParts) throws(ConsensusDrop) -> SignedStatement {
    guard parts.statements.count == 1, let signed = parts.statements.first else {
      throw .malformed("\(parts.statements.count) statements")
    }
    return signed
  }
}
