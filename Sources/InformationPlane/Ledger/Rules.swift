public import Model

/// What a contract says about a ledger: a fold over its records that refuses the first one which breaks it.
///
/// Consensus and the verifier get the contract through this, so that neither knows any contract.
public protocol Rules: Sendable {
  /// Takes the next record, or throws what it breaks; after a throw the value is used no more.
  mutating func apply(_ record: LedgerRecord) throws
}

/// Rules that allow everything: for checking links and signatures alone.
public struct NoRules: Rules {
  public init() {}
  public mutating func apply(_ record: LedgerRecord) {}
}
