internal import Contract
internal import Model

/// How long and how often something has been said to a coordinator that is to put it on the ledger.
struct Petition: Sendable {
  let collaboration: CollaborationID
  /// Uptime: when it was said to this coordinator first, and last.
  let since: Duration
  let toldAt: Duration
}

/// What people at a node may want of a ledger, besides tasks.
enum PetitionKey: Hashable, Sendable {
  case departure(CollaborationID)
  case delegation(CollaborationID)
  case motion(StatementID)
}

extension NodeEngine {
  /// Whom to say a petition to now: the coordinator; all voters once it has waited for half as long as a request may;
  /// nobody while it was said a moment ago.
  mutating func audience(of key: PetitionKey, in book: CollaborationState, _ now: Moment) -> [NodeID] {
    let before = petitionTold[key]
    if let before, now.uptime - before.toldAt < Self.resubmitInterval { return [] }
    let since = before?.since ?? now.uptime
    petitionTold[key] = Petition(collaboration: book.id, since: since, toldAt: now.uptime)
    let patience = Duration.milliseconds(book.contract.election.requestMilliseconds) / 2
    guard now.uptime - since > patience else { return [book.coordinator] }
    return Set(book.configuration.allVoters.map(\.node) + [book.coordinator]).sorted()
  }
}
