import Model

/// Rumours on their way: each goes out a number of times, those that went out least first, and of these the newest.
struct GossipQueue: Sendable {
  /// More than this wait only under attack: then the most told give way.
  static let limit = 4_096

  private var waiting: [Rumour.Subject: Rumour] = [:]
  /// By how often they went out, the newest last. What is settled may linger here and is skipped.
  private var levels: [[Rumour.Subject]] = []

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
    if waiting.count >= Self.limit { dropMostTold() }
    waiting[rumour.subject] = rumour
    put(rumour.subject, on: 0)
  }

  /// Forgets what is said of a member in versions below one: it is settled.
  mutating func settle(_ node: NodeID, below version: MemberVersion) {
    forget { $0.member == node && $0.version < version }
    // What lingers is more than what waits: who is accused and objects over and over makes much of it.
    if levels.reduce(0, { $0 + $1.count }) > 2 * waiting.count + 64 { tidy() }
  }

  /// Forgets what an author said. It may say the same again, which nothing that lingers may double.
  mutating func forget(by author: NodeID) {
    forget { $0.author == author }
    tidy()
  }

  private mutating func forget(_ isOver: (Rumour) -> Bool) {
    for (subject, rumour) in waiting where isOver(rumour) { waiting[subject] = nil }
  }

  private mutating func tidy() {
    for level in levels.indices { levels[level].removeAll { waiting[$0] == nil } }
  }

  /// The next rumours that fit, to be sent to `receivers` nodes.
  mutating func take(byteLimit: Int, receivers: Int, sendings: Int) -> [[UInt8]] {
    guard !waiting.isEmpty else { return [] }
    var taken: [(subject: Rumour.Subject, level: Int)] = []
    var packed: [[UInt8]] = []
    var bytes = 0
    var isFull = false
    for level in levels.indices where !isFull {
      while let subject = levels[level].popLast() {
        guard let rumour = waiting[subject] else { continue }
        let size = Packet.byteCount(ofUpdate: rumour.bytes)
        guard bytes + size <= byteLimit, packed.count < Packet.partLimit else {
          levels[level].append(subject)
          isFull = true
          break
        }
        bytes += size
        packed.append(rumour.bytes)
        taken.append((subject, level + receivers))
      }
    }
    for (subject, level) in taken {
      if level >= sendings { waiting[subject] = nil } else { put(subject, on: level) }
    }
    return packed
  }

  private mutating func put(_ subject: Rumour.Subject, on level: Int) {
    while levels.count <= level { levels.append([]) }
    levels[level].append(subject)
  }

  private mutating func dropMostTold() {
    for level in levels.indices.reversed() {
      while !levels[level].isEmpty {
        if waiting.removeValue(forKey: levels[level].removeFirst()) != nil { return }
      }
    }
  }
}
