import Model
import Sodium
import Synchronization

/// Grants that were checked, and the certificates of the founders who made them: a member shows its grant with each of
/// its records, and the certificate stands in all grants of a founder. What held for a network, whose id is the hash
/// of its genesis, holds for ever, so this changes nothing but the time.
enum GrantMemo {
  private struct Known: Hashable {
    let statement: StatementID
    let signature: Signature
    let network: NetworkID
  }

  /// One for each member, and some who come anew.
  private static let limit = 8_192
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
