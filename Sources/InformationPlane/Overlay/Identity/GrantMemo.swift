import Model
import Sodium
import Synchronization

/// Grants that were checked: one may stand in many members' records, and costs two signatures each time. What held
/// for a network, whose id is the hash of its genesis, holds for ever, so this changes nothing but the time.
enum GrantMemo {
  private struct Known: Hashable {
    let statement: StatementID
    let signature: Signature
    let network: NetworkID
  }

  private static let limit = 4_096
  private static let known = Mutex<Set<Known>>([])

  static func holds(_ signed: SignedStatement, network: NetworkID) -> Bool {
    let wanted = Known(statement: signed.id, signature: signed.signature, network: network)
    return known.withLock { $0.contains(wanted) }
  }

  static func note(_ signed: SignedStatement, network: NetworkID) {
    known.withLock { known in
      if known.count >= limit { known = [] }
      known.insert(Known(statement: signed.id, signature: signed.signature, network: network))
    }
  }
}
