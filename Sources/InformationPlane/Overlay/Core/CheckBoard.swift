import Model

/// Checks under way: of each kind, and of each peer that brought what is checked, on whichever link. So nobody takes
/// all, and what cannot be checked in time is dropped here.
struct CheckBoard: Sendable {
  enum Kind: Hashable { case statements, rumours }

  private var counts: [Kind: Int] = [:]
  private var byPeer: [Kind: [NodeID: Int]] = [:]

  /// - Returns: false where there is no room.
  mutating func begin(_ kind: Kind, by peer: NodeID, _ limits: OverlayLimits) -> Bool {
    guard hasRoom(kind, for: peer, limits) else { return false }
    counts[kind, default: 0] += 1
    byPeer[kind, default: [:]][peer, default: 0] += 1
    return true
  }

  func hasRoom(_ kind: Kind, for peer: NodeID, _ limits: OverlayLimits) -> Bool {
    let share = kind == .rumours ? limits.rumoursPerPeer : limits.verificationsPerPeer
    // Nobody has more than what is left, so it takes many together to fill it.
    return byPeer[kind]?[peer] ?? 0 < min(share, limits.verifications - counts[kind, default: 0])
  }

  mutating func end(_ pending: PendingVerification) {
    switch pending.subject {
    case .fact, .record, .direct: end(.statements, by: pending.node)
    case .rumour: end(.rumours, by: pending.node)
    case .greeting: break  // Bounded by the greeting board.
    }
  }

  private mutating func end(_ kind: Kind, by peer: NodeID) {
    counts[kind, default: 1] -= 1
    let left = (byPeer[kind]?[peer] ?? 1) - 1
    byPeer[kind]?[peer] = left == 0 ? nil : left
  }
}
