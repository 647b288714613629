import Consensus
import Ledger
import LedgerFixtures
import Model
import Oracle
import Sodium

/// Tells the oracle what a council does, as bytes.
struct Witness {
  var judge = Judge(unchecked: [])
  private let id: [UInt8]

  init(_ ledger: FixtureLedger, _ members: MemberSet) throws {
    id = ledger.collaboration.digest.bytes
    for node in ledger.nodes {
      judge.knows(node: node.id.digest.bytes, epoch: 1, key: node.signing.verificationKey.bytes)
    }
    judge.founded(
      id, network: FixtureLedger.network.digest.bytes, configuration: try CanonicalJSON.encode(members.configuration),
      founder: members.founder.digest.bytes)
  }

  mutating func configured(_ configuration: Configuration) throws {
    judge.configured(id, configuration: try CanonicalJSON.encode(configuration))
  }

  mutating func wrote(_ change: LedgerWrite, at node: NodeID) throws {
    let node = node.digest.bytes
    switch change {
    case .entry(let entry): judge.became(durable: .entry(entry.bytes), at: node, in: id)
    case .proposal(let proposal):
      judge.became(
        durable: .proposal(
          statement: proposal.signed.statement.bytes, signature: proposal.signed.signature.bytes), at: node, in: id)
    case .dropped(_, let after): judge.became(durable: .dropped(after: after), at: node, in: id)
    case .ballot(_, let ballot):
      judge.became(durable: .ballot(try CanonicalJSON.encode(ballot)), at: node, in: id)
      // The outcome of a term that is over is kept for its chain only: nothing is signed in that term.
      if let office = ballot.office, office.body.term == ballot.promised {
        judge.became(durable: .office(try CanonicalJSON.encode(office)), at: node, in: id)
      }
    case .prepared(let certificate):
      judge.became(durable: .prepared(try CanonicalJSON.encode(certificate)), at: node, in: id)
    case .decision(let certificate):
      judge.became(durable: .decision(try CanonicalJSON.encode(certificate)), at: node, in: id)
    }
  }

  mutating func sent(_ message: ConsensusMessage, by node: NodeID) throws {
    let parts = message.parts
    for signed in parts.statements {
      judge.left(statement: signed.statement.bytes, signature: signed.signature.bytes, by: node.digest.bytes)
    }
    var certificates: [[UInt8]] = []
    switch message {
    case .prepared(let certificate): certificates.append(try CanonicalJSON.encode(certificate))
    case .decided(let certificate): certificates.append(try CanonicalJSON.encode(certificate))
    case .entries(let segment):
      if let decision = segment.decision { certificates.append(try CanonicalJSON.encode(decision)) }
    case .preVote(_, let credentials), .candidacy(let credentials), .credentials(let credentials):
      if let office = credentials.office { certificates.append(try CanonicalJSON.encode(office)) }
      if let held = credentials.prepared { certificates.append(try CanonicalJSON.encode(held)) }
      if let decision = credentials.decision { certificates.append(try CanonicalJSON.encode(decision)) }
      if case .preVotes(let grounds) = credentials.grounds { certificates.append(try CanonicalJSON.encode(grounds)) }
    default: break
    }
    for certificate in certificates { judge.left(certificate: certificate, by: node.digest.bytes) }
  }

  mutating func decided(through number: Int, _ head: Digest, by node: NodeID) {
    judge.decided(id, through: number, head: head.bytes, by: node.digest.bytes)
  }
}
