internal import Contract
public import Model
internal import Overlay

// What people ask about who belongs to the network. Reads change nothing.
extension NodeEngine {
  /// What was proposed and decided by vote, newest last.
  ///
  /// - Throws: `Refusal` where the network decides nothing by vote, or its own collaboration is not known here yet.
  public func decisionViews(at now: Moment) throws(Refusal) -> [DecisionView] {
    guard let desk = council else {
      throw Refusal(.notPermitted, Self.noVotes, next: "jointcloud network show")
    }
    guard let book = books[desk.id], let decided = book.council else {
      throw Refusal(
        .unavailable, Self.councilUnknown(desk, identity.node), next: "jointcloud network decisions")
    }
    let kept = decided.decisions.values.filter { old in !decided.motions.contains { $0.id == old.id } }
    return (kept.sorted { $0.entry < $1.entry } + decided.motions).map { view($0, book.id, now) }
  }

  private func view(_ record: Council.Record, _ id: CollaborationID, _ now: Moment) -> DecisionView {
    let state: DecisionView.State
    var entry = record.ballots.last?.entry ?? record.entry
    switch record.outcome {
    case .open: state = record.motion.expiresMilliseconds > now.wallMilliseconds ? .open : .expired
    case .holds(let number): (state, entry) = (.holds, number)
    case .failed(let number): (state, entry) = (.failed, number)
    }
    let subject = record.motion.subject
    return DecisionView(
      decision: record.id, collaboration: id, act: record.motion.act, node: subject,
      nodeName: subject == identity.node ? profile.name : overlay.member(subject)?.name ?? "",
      proposer: record.proposer, proposerName: name(of: record.proposer), person: record.motion.person,
      reason: record.motion.reason, state: state,
      votes: record.ballots.map {
        DecisionView.Vote(node: $0.node, name: name(of: $0.node), person: $0.person, yes: $0.yes, entry: $0.entry)
      }, needed: record.needed, entry: entry, proposedMilliseconds: record.timeMilliseconds,
      expiresMilliseconds: record.motion.expiresMilliseconds)
  }

  /// Why the network has cut this node off, as its ledger says here; nil while it has not.
  public var ownRevocation: String? {
    guard let desk = council, let decided = books[desk.id]?.council,
      let record = decided.revoked[identity.node].flatMap({ decided[$0] })
    else { return nil }
    return "revoked by decision \(record.id.short) of the network, proposed by \(record.motion.person): "
      + record.motion.reason
  }
}
