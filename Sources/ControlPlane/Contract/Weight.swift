/// A member's weight: moved only by entries, by the contract's numbers, each move with its reason (R36).
public struct Weight: Codable, Hashable, Sendable {
  public struct Change: Codable, Hashable, Sendable {
    public let entry: Int
    public let deltaPPM: Int
    public let afterPPM: Int
    public let reason: String
  }

  /// Older changes are recomputed from the ledger when somebody wants them.
  public static let changesKept = 256

  public private(set) var ppm: Int
  public private(set) var changes: [Change] = []

  init(ppm: Int) {
    self.ppm = ppm
  }

  /// Moves by `fullPPM` x `part` / `whole`, rounded towards zero, within floor and ceiling.
  mutating func move(
    by fullPPM: Int, part: Int, of whole: Int, within rules: ContractDocument.Weights, entry: Int, reason: String
  ) {
    let wanted = ppm + fullPPM * part / max(1, whole)
    let after = min(max(wanted, rules.floorPPM), rules.ceilingPPM)
    guard after != ppm else { return }
    changes.append(Change(entry: entry, deltaPPM: after - ppm, afterPPM: after, reason: reason))
    if changes.count > Self.changesKept { changes.removeFirst(changes.count - Self.changesKept) }
    ppm = after
  }
}
