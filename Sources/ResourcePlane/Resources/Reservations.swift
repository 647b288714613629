public import Model

/// What a node has promised, across all its collaborations (R40). Nothing is promised twice: an attempt is
/// accepted only after `reserve` said `.reserved`, and what does not fit says by how much.
public struct Reservations: Sendable {
  /// The answer to one request.
  public enum Answer: Hashable, Sendable {
    case reserved
    /// This attempt already holds these amounts; nothing changed.
    case alreadyReserved
    /// This attempt already holds other amounts; nothing changed.
    case conflicts(held: Amounts)
    /// Too little is free; nothing changed. Each member is what is lacking, 0 where enough is free.
    case short(by: Amounts)
    /// Negative amounts can be neither offered nor asked for.
    case invalid
  }

  /// What may be promised in all.
  public private(set) var total: Amounts
  /// What is promised now. Exceeds `total` only where that was lowered below promises already made.
  public private(set) var committed: Amounts = .zero
  private var held: [AttemptID: Amounts] = [:]

  public init(total: Amounts) {
    self.total = Self.floored(total)
  }

  /// What may still be promised; never negative.
  public var free: Amounts { Self.floored(total - committed) }

  public var count: Int { held.count }

  /// Every reservation in the order of attempt ids.
  public var all: [(attempt: AttemptID, amounts: Amounts)] {
    held.keys.sorted().compactMap { key in held[key].map { (key, $0) } }
  }

  public func amounts(of attempt: AttemptID) -> Amounts? { held[attempt] }

  /// What `amounts` lack to fit now: zero if they fit.
  public func shortfall(for amounts: Amounts) -> Amounts { Self.floored(amounts - free) }

  public mutating func reserve(_ attempt: AttemptID, _ amounts: Amounts) -> Answer {
    guard amounts.cpuMillicores >= 0, amounts.memoryBytes >= 0 else { return .invalid }
    if let existing = held[attempt] { return existing == amounts ? .alreadyReserved : .conflicts(held: existing) }
    guard amounts.fits(in: free) else { return .short(by: shortfall(for: amounts)) }
    held[attempt] = amounts
    committed += amounts
    assertInvariant(grew: amounts)
    return .reserved
  }

  /// Takes up a promise of an earlier process: it stands, whatever the total is now.
  public mutating func restore(_ attempt: AttemptID, _ amounts: Amounts) {
    guard held[attempt] == nil, amounts.cpuMillicores >= 0, amounts.memoryBytes >= 0 else { return }
    held[attempt] = amounts
    committed += amounts
  }

  /// - Returns: what became free, or nil if the attempt held nothing.
  @discardableResult
  public mutating func release(_ attempt: AttemptID) -> Amounts? {
    guard let amounts = held.removeValue(forKey: attempt) else { return nil }
    committed -= amounts
    assertInvariant(grew: .zero)
    return amounts
  }

  /// Changes the total. Promises already made stand; while they exceed it, nothing more is promised.
  public mutating func resize(to total: Amounts) {
    self.total = Self.floored(total)
  }

  /// Input cannot break these: `reserve` checked what fits, `release` gives back what was taken.
  private func assertInvariant(grew: Amounts) {
    precondition(committed.cpuMillicores >= 0 && committed.memoryBytes >= 0, "more was released than reserved")
    precondition(grew.cpuMillicores == 0 || committed.cpuMillicores <= total.cpuMillicores, "cpu oversubscribed")
    precondition(grew.memoryBytes == 0 || committed.memoryBytes <= total.memoryBytes, "memory oversubscribed")
  }

  private static func floored(_ amounts: Amounts) -> Amounts {
    Amounts(cpuMillicores: max(0, amounts.cpuMillicores), memoryBytes: max(0, amounts.memoryBytes))
  }
}
