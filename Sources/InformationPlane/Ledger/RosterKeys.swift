public import Model
public import Sodium

/// The signing keys of members, read from epoch certificates inside a ledger: nothing else is needed to check it.
public struct RosterKeys: Hashable, Sendable {
  private struct Name: Hashable {
    let node: NodeID
    let epoch: Int
  }

  private var keys: [Name: VerificationKey] = [:]

  public init() {}

  public func key(of node: NodeID, epoch: Int) -> VerificationKey? {
    keys[Name(node: node, epoch: epoch)]
  }

  /// Takes the certificates of `body.roster.members[]`, where the entry has a roster, and of the member that it lets in.
  ///
  /// - Returns: what is wrong with certificates that were not taken, in the roster's order.
  public mutating func take(_ entry: Entry) -> [String] {
    var members: [JSON] = []
    if case .array(let listed)? = entry.record.body["roster"]?["members"] { members = listed }
    if entry.kind == MembershipChange.joinedKind, let joined = entry.record.body["member"] { members.append(joined) }
    var problems: [String] = []
    for (index, member) in members.enumerated() {
      do {
        guard let document = member["certificate"] else {
          throw LedgerError.field("certificate", expected: "a signed epoch certificate")
        }
        try take(CanonicalJSON.decode(SignedStatement.self, from: document), member["node"]?.stringValue)
      } catch {
        problems.append("roster member \(index): \(error)")
      }
    }
    return problems
  }

  private mutating func take(_ signed: SignedStatement, _ listed: String?) throws {
    let certificate = try EpochCertificate(checking: signed)
    guard listed == nil || listed == certificate.node.hexadecimal else {
      throw LedgerError.statement("the certificate is not of node \(listed ?? "")")
    }
    keys[Name(node: certificate.node, epoch: certificate.epoch)] = certificate.signingKey
  }
}

/// What entry 1 says about its collaboration: the charter whose hash is the id, so who may coordinate term 1, and who
/// votes on all that follows.
struct Opening: Hashable, Sendable {
  let coordinator: NodeID
  let network: NetworkID?
  let configuration: Configuration

  /// - Throws: `LedgerError` when the entry opens no round or its charter is not that of the collaboration.
  init(_ entry: Entry) throws(LedgerError) {
    guard entry.kind == "round.opened" else { throw .field("kind", expected: "round.opened in entry 1") }
    let body = entry.record.body
    guard let charter = body["charter"], Digest(of: CanonicalJSON.encode(charter)) == entry.collaboration.digest else {
      throw .field("body.charter", expected: "the charter whose hash is the collaboration's id")
    }
    guard let coordinator = body["coordinator"]?.stringValue.flatMap(NodeID.init(hexadecimal:)),
      charter["founder"]?.stringValue == coordinator.hexadecimal
    else { throw .field("body.coordinator", expected: "the charter's founder") }
    guard let document = body["configuration"],
      let configuration = try? CanonicalJSON.decode(Configuration.self, from: document)
    else { throw .field("body.configuration", expected: "voters with their key epochs and the quorum rule") }
    guard configuration.hash == entry.configuration else {
      throw .field("configuration", expected: "the hash of body.configuration")
    }
    self.coordinator = coordinator
    self.configuration = configuration
    network = charter["network"]?.stringValue.flatMap(NetworkID.init(hexadecimal:))
  }
}
