import Model

/// Rumours on their way: each goes out a number of times, those that went out least first, and of these the newest.
struct GossipQueue: Sendable {
  private struct Waiting: Sendable {
    let rumour: Rumour
    let order: UInt64
    var sendings = 0
  }

  /// More than this wait only under attack: then the most told give way.
  static let limit = 4_096

  private var waiting: [Rumour.Subject: Waiting] = [:]
  private var nextOrder: UInt64 = 0

  var isEmpty: Bool { waiting.isEmpty }
  var count: Int { waiting.count }

  /// How often each rumour is sent by each node (memberlist's rule: it reaches all with high probability).
  static func sendings(members: Int) -> Int {
    var digits = 1
    var rest = members
    while rest >= 10 {
      digits += 1
      rest /= 10
    }
    return 4 * digits
  }

  mutating func add(_ rumour: Rumour) {
    guard waiting[rumour.subject] == nil else { return }
    if waiting.count >= Self.limit, let told = waiting.max(by: { Self.goesFirst($0.value, $1.value) }) {
      waiting[told.key] = nil
    }
    waiting[rumour.subject] = Waiting(rumour: rumour, order: nextOrder)
    nextOrder += 1
  }

  /// Forgets what is said of a member in versions below one: it is settled.
  mutating func settle(_ node: NodeID, below version: MemberVersion) {
    for (subject, entry) in waiting where entry.rumour.member == node && entry.rumour.version < version {
      waiting[subject] = nil
    }
  }

  /// The next rumours that fit, to be sent to `receivers` nodes.
  mutating func take(byteLimit: Int, receivers: Int, sendings: Int) -> [[UInt8]] {
    guard !waiting.isEmpty else { return [] }
    var taken: [[UInt8]] = []
    var bytes = 0
    for (subject, entry) in waiting.sorted(by: { Self.goesFirst($0.value, $1.value) }) {
      let size = Packet.byteCount(ofUpdate: entry.rumour.bytes)
      guard bytes + size <= byteLimit, taken.count < Packet.partLimit else { break }
      bytes += size
      taken.append(entry.rumour.bytes)
      waiting[subject]?.sendings += receivers
      if entry.sendings + receivers >= sendings { waiting[subject] = nil }
    }
    return taken
  }

  private static func goesFirst(_ left: Waiting, _ right: Waiting) -> Bool {
    (left.sendings, right.order) < (right.sendings, left.order)
  }
}
