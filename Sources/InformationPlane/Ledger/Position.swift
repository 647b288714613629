public import Model

/// How far a chain is certified: what votes compare.
///
/// A prepare certificate of term t for entry n is (t, n). An election certificate of term t whose base is entry n is
/// (t, n) as well: its voters had confirmed nothing above that base, so what older terms left beyond it was never decided.
public struct Position: Codable, Hashable, Sendable {
  /// The hash of entry `number`; of number 0 the collaboration's id.
  public let head: Digest
  public let number: Int
  public let term: Int

  public init(term: Int, number: Int, head: Digest) {
    self.head = head
    self.number = number
    self.term = term
  }

  /// Where every ledger begins.
  public static func start(of collaboration: CollaborationID) -> Position {
    Position(term: 1, number: 0, head: collaboration.digest)
  }
}

extension Position: Comparable {
  public static func < (left: Position, right: Position) -> Bool {
    (left.term, left.number) < (right.term, right.number)
  }
}
