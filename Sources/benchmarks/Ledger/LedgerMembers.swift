import Consensus
import Ledger
import Model
import Overlay
import Sodium

/// The members of the ledgers that are measured. Made from fixed seeds, so that each process makes the same ones by
/// itself.
struct LedgerMembers: Sendable {
  static let count = 3
  private static let farAwayMilliseconds: Int64 = 4_000_000_000_000
  /// What clients append.
  static let entryKind = "note.added"

  private struct Charter: Codable {
    var founder: NodeID
    var name: String
    var network: NetworkID
    var nonce: Digest
  }

  /// The founder, which coordinates term 1, is the first.
  let identities: [LocalIdentity]
  let collaboration: CollaborationID
  let configuration: Configuration
  /// The body of entry 1.
  let opening: JSON

  init() throws {
    var random = Random.seeded(1)
    let founder = try LocalIdentity.founding(
      name: "benchmark", seeds: NodeSeeds(random: &random), createdMilliseconds: 0, nonce: random.digest())
    var identities = [founder]
    while identities.count < Self.count {
      let invitation = try founder.invite(
        seeds: [], expiresMilliseconds: Self.farAwayMilliseconds, keySeed: random.digest())
      identities.append(
        try LocalIdentity.joining(invitation, seeds: NodeSeeds(random: &random), nowMilliseconds: 0))
    }
    let charter = Charter(
      founder: founder.node, name: "benchmark", network: founder.network, nonce: random.digest())
    self.identities = identities
    collaboration = CollaborationID(Digest(of: try CanonicalJSON.encode(charter)))
    configuration = try Configuration(voters: identities.map { .init(node: $0.node, epoch: $0.epoch) })
    let roster: [JSON] = try identities.sorted { $0.node < $1.node }.map { identity in
      .object([
        "certificate": try CanonicalJSON.json(of: identity.certificate),
        "name": .string("member"), "node": .string(identity.node.hexadecimal),
      ])
    }
    opening = .object([
      "charter": try CanonicalJSON.json(of: charter), "configuration": try CanonicalJSON.json(of: configuration),
      "coordinator": .string(founder.node.hexadecimal),
      "roster": .object(["members": .array(roster), "version": .integer(1)]), "round": .integer(1),
    ])
  }

  var founder: LocalIdentity { identities[0] }

  var memberSet: MemberSet {
    MemberSet(
      collaboration: collaboration, founder: founder.node, configuration: configuration,
      members: identities.map {
        .init(node: $0.node, epoch: $0.epoch, signingKey: $0.signingKey.verificationKey)
      })
  }

  func index(of node: NodeID) -> Int? { identities.firstIndex { $0.node == node } }

  /// The body of an entry that carries a client's value.
  static func body(_ value: String) -> JSON { .object(["value": .string(value)]) }
}
