import Consensus
import Ledger
import LedgerFixtures
import Model

/// Changes of members and voters, as an engine makes them: whoever coordinates adds what is still missing.
struct WantedMembers {
  /// Seats that are to be let in.
  var joining: [Int] = []
  /// Seats that are to vote in the end; nil for no change.
  var voters: [Int]?
}

extension Council {
  struct Joined: Encodable {
    struct Member: Encodable {
      var certificate: SignedStatement
      var node: NodeID
    }
    var member: Member
  }

  struct Changing: Encodable {
    var configuration: Configuration
  }

  struct Changed: Encodable {
    var configuration: Configuration
    var decided: CommitCertificate
  }

  /// The configuration in force after what a seat holds.
  func configuration(at index: Int) -> Configuration? { seats[index].core.members(of: id)?.configuration }

  func isMember(_ seat: Int, at index: Int) -> Bool {
    seats[index].core.members(of: id)?.member(ledger.nodes[seats[seat].key].id) != nil
  }

  /// Brings members and voters a step nearer to what is wanted.
  func steer(_ wanted: WantedMembers, at index: Int) {
    guard !seats[index].isFaulty, seats[index].core.isInOffice(id), let now = configuration(at: index) else { return }
    for seat in wanted.joining where !isMember(seat, at: index) {
      let node = ledger.nodes[seats[seat].key]
      guard let certificate = try? node.certificate(in: FixtureLedger.network) else { continue }
      append(
        MembershipChange.joinedKind, Joined(member: .init(certificate: certificate, node: node.id)), at: index)
    }
    guard let voters = wanted.voters else { return }
    let next = voters.map { Configuration.Voter(node: ledger.nodes[seats[$0].key].id, epoch: 1) }
    guard let goal = try? Configuration(voters: next) else { return finding("no configuration of \(voters)") }
    if let ending = now.next {
      guard let proof = seats[index].core.decision(of: id), proof.body.configuration == now.hash,
        let last = try? Configuration(voters: ending)
      else { return }
      configured(last)
      append(MembershipChange.changedKind, Changed(configuration: last, decided: proof), at: index)
    } else if now.voters != goal.voters,
      next.allSatisfy({ now.hasVote($0.node) || isUpToDate($0.node, at: index) })
    {
      guard let joint = try? Configuration(voters: now.voters, next: goal.voters) else { return }
      configured(joint)
      append(MembershipChange.changingKind, Changing(configuration: joint), at: index)
    }
  }

  private func isUpToDate(_ node: NodeID, at index: Int) -> Bool {
    guard seats[index].core.members(of: id)?.member(node) != nil else { return false }
    return seats[index].core.heldNumber(of: id, by: node) >= seats[index].core.decidedNumber(of: id)
  }
}
