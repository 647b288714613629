import Model

/// Probes under way, and probes made for others.
struct ProbeBoard: Sendable {
  struct Probe: Sendable {
    enum Purpose: Sendable {
      /// It was this member's turn.
      case turn
      /// Another suspects it.
      case confirmation
      /// It has failed, and may be back.
      case revival
      /// A person asks.
      case question
    }

    let number: UInt64
    let node: NodeID
    var purpose: Purpose
    let startedAt: Duration
    /// Other ways are tried from then on.
    var secondAt: Duration
    var endsAt: Duration
    var triedOtherWays = false
    /// People who wait for what comes of it.
    var pings: [PingID] = []
  }

  /// A probe for somebody who did not reach its target.
  struct Errand: Sendable {
    let asker: NodeID
    let askersNumber: UInt64
    let node: NodeID
    let endsAt: Duration
  }

  static let limit = 512

  private(set) var probes: [UInt64: Probe] = [:]
  private var ofNode: [NodeID: UInt64] = [:]
  private var errands: [UInt64: Errand] = [:]
  private var errandsByAsker: [NodeID: Int] = [:]

  subscript(number: UInt64) -> Probe? { probes[number] }

  func probe(of node: NodeID) -> Probe? { ofNode[node].flatMap { probes[$0] } }

  var hasRoom: Bool { probes.count < Self.limit }

  mutating func add(_ probe: Probe) {
    probes[probe.number] = probe
    ofNode[probe.node] = probe.number
  }

  mutating func change(_ number: UInt64, _ body: (inout Probe) -> Void) {
    guard let index = probes.index(forKey: number) else { return }
    body(&probes.values[index])
  }

  /// Gives all probes more time.
  mutating func extend(by duration: Duration) {
    for number in probes.keys {
      probes[number]?.secondAt += duration
      probes[number]?.endsAt += duration
    }
  }

  mutating func remove(_ number: UInt64) -> Probe? {
    guard let probe = probes.removeValue(forKey: number) else { return nil }
    ofNode[probe.node] = nil
    return probe
  }

  /// - Returns: false where there is no room for it: nobody has more than what is left.
  mutating func add(_ errand: Errand, number: UInt64, at uptime: Duration) -> Bool {
    func hasRoom() -> Bool { errandsByAsker[errand.asker, default: 0] < Self.limit - errands.count }
    if !hasRoom() { for (number, old) in errands where old.endsAt <= uptime { _ = takeErrand(number) } }
    guard hasRoom() else { return false }
    errands[number] = errand
    errandsByAsker[errand.asker, default: 0] += 1
    return true
  }

  mutating func takeErrand(_ number: UInt64) -> Errand? {
    guard let errand = errands.removeValue(forKey: number) else { return nil }
    let left = errandsByAsker[errand.asker, default: 1] - 1
    errandsByAsker[errand.asker] = left == 0 ? nil : left
    return errand
  }
}

/// Rumours that were dealt with, so that each costs one check of a signature; the oldest are forgotten first.
struct SeenRumours: Sendable {
  private static let limit = 8_192
  private var newer: Set<Rumour.Subject> = []
  private var older: Set<Rumour.Subject> = []

  func contains(_ subject: Rumour.Subject) -> Bool { newer.contains(subject) || older.contains(subject) }

  mutating func insert(_ subject: Rumour.Subject) {
    newer.insert(subject)
    guard newer.count >= Self.limit else { return }
    older = newer
    newer = []
  }

  /// What was said by a member, and of it, counts as not heard.
  mutating func forget(naming member: NodeID) {
    newer = newer.filter { !$0.names(member) }
    older = older.filter { !$0.names(member) }
  }
}
