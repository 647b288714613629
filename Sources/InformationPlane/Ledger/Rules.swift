public import Model

/// What a contract says about a ledger: a fold over its records that refuses the first one which breaks it.
///
/// The verifier gets the contract through this, so that it knows none. Consensus asks by an effect instead, since there
/// the contract's state belongs to the engine.
public protocol Rules: Sendable {
  /// Takes the next record, or throws what it breaks; after a throw the value is used no more.
  mutating func apply(_ record: LedgerRecord) throws
}

/// Rules that allow everything: for checking links and signatures alone.
public struct NoRules: Rules {
  public init() {}
  public mutating func apply(_ record: LedgerRecord) {}
}
