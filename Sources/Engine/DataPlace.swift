internal import Consensus
internal import Model
internal import Overlay

// Where this node's data lies. A copy that is put back lies elsewhere than where the node left its data, and may be
// older than what this node signed since (design 5, Evidence).
extension NodeEngine {
  /// The document that keeps the place at which the data was known to be the newest.
  static let placeKey = "place"

  /// Decides how far the data can be trusted, before any ledger is taken up from it.
  mutating func beginLedgers(_ start: EngineStart, _ turn: inout Turn) {
    let known = start.recovered.documents[Self.placeKey].map { String(decoding: $0, as: UTF8.self) }
    let isNew = known == nil && start.recovered.chains.isEmpty
    let isNewestCopy = start.isVouchedFor || isNew || known == start.place
    consensus = LedgerConsensus(
      own: identity.node, epoch: identity.epoch, network: identity.network, isNewestCopy: isNewestCopy)
    placeToNote = known == start.place ? nil : start.place
    guard !isNewestCopy else { return }
    notice(
      "control", "data.moved",
      "the data of this node lies elsewhere than it was left, and may be an older copy: this node signs nothing for a "
        + "ledger until it has heard who may know more", &turn)
  }

  /// From then on a start here needs no suspicion: what this node had signed before is known again.
  mutating func notePlace(_ turn: inout Turn) {
    guard let place = placeToNote, !consensus.isWaking else { return }
    placeToNote = nil
    turn.write(.document(key: Self.placeKey, value: Array(place.utf8)))
  }

  /// Why this node's votes do not count yet; nil where they do, or will in a moment.
  func wakingProblem(of id: CollaborationID) -> String? {
    guard let waking = consensus.waking(of: id), waking.isOverdue else { return nil }
    guard !waking.isCatchingUp else { return "this node signs nothing yet: it fetches what it lacks since its start" }
    let awaited = waking.awaited.map { "\(name(of: $0)) (\(state(of: $0)))" }.joined(separator: ", ")
    return "this node signs nothing here yet: since its start it has not heard \(awaited), who may know what it signed "
      + "before"
      + (placeToNote == nil
        ? ""
        : ". Start them; or, if this folder is the newest copy of this node's data, start it again by "
          + "jointcloud node run --newest-copy")
  }
}
