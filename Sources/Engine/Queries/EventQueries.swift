internal import Consensus
internal import Contract
internal import Coordination
internal import EventQueue
internal import Ledger
public import Model
internal import Overlay
internal import Resources

// What people ask about events and the node itself.
extension NodeEngine {
  /// Events that wait, newest first. Those that were handled stand in the database, and nowhere in memory.
  public func queuedEventViews() -> [EventView] {
    queues.all.reversed().map { EventView(StoredEvent($0), waitsFor: journal.waiting[$0.id] ?? "") }
  }

  /// One event that waits, with its statement; nil for another.
  public func queuedEventView(_ id: String) -> EventView? {
    queues.all.first { $0.id == id }.map {
      EventView(StoredEvent($0), waitsFor: journal.waiting[id] ?? "", withStatement: true)
    }
  }

  /// Counters of what was dropped, by reason.
  public var dropped: [String: Int] {
    var out = journal.counters
    for (reason, count) in overlay.counters { out["overlay: \(reason)", default: 0] += count }
    return out
  }

  public struct Summary: Sendable {
    public let members: Int
    public let membersAlive: Int
    public let membersByState: [String: Int]
    public let links: Int
    public let localHealth: Int
    public let traffic: TrafficView
    /// Of what was dropped, by reason.
    public let dropped: [String: Int]
    public let collaborations: Int
    public let total: Amounts
    public let committed: Amounts
    public let queuedEvents: Int
    public let deadEvents: Int
    public let openTasks: Int
    public let outbox: Int
  }

  public func summary() -> Summary {
    let byState = membersByState
    return Summary(
      members: byState.values.reduce(0, +), membersAlive: byState[MemberState.alive.rawValue] ?? 0,
      membersByState: byState, links: overlay.linkedPeers.count, localHealth: overlay.localHealth,
      traffic: trafficView, dropped: dropped,
      collaborations: books.values.count { $0.council == nil }, total: assessor.reservations.total,
      committed: assessor.reservations.committed,
      queuedEvents: queues.count,
      deadEvents: journal.deadCount,
      openTasks: books.values.reduce(0) { $0 + $1.openTasks }, outbox: outbox.count)
  }

  /// Whatever waits longer than it should (R57).
  public func unfinished(at now: Moment) -> [DoctorFinding] {
    var out: [DoctorFinding] = []
    for (id, why) in broken.sorted(by: { $0.key < $1.key }) where books[id] == nil {
      out.append(
        DoctorFinding(
          subject: "collaboration \(id.short)", ok: false, detail: "this node follows its ledger no further: \(why)",
          remedy: "compare the ledgers of the members with jointcloud ledger verify"))
    }
    for book in books.values.sorted(by: { $0.id < $1.id }) {
      let problem = standstill(of: book)
      guard !problem.isEmpty else { continue }
      // Where nothing waits for a decision it is a note.
      let waits = book.openTasks > 0 || submissions.values.contains { $0.collaboration == book.id && $0.ended == nil }
      out.append(
        DoctorFinding(
          subject: "collaboration \(book.id.short)", ok: !waits && broken[book.id] == nil, detail: problem,
          remedy: nextStep(book.id, problem, quorum(of: book))))
    }
    let old = queues.all.count { now.wallMilliseconds - $0.arrivalMilliseconds > 60_000 }
    out.append(
      DoctorFinding(
        subject: "events", ok: old == 0, detail: old == 0 ? "none waits" : "\(old) have waited for over a minute",
        remedy: old == 0 ? "" : "jointcloud event list"))
    return out
  }

  /// The message's sender for logs: where a member listens.
  public func holder(_ node: NodeID) -> Holder? {
    if overlay.revoked.contains(node) { return nil }
    return overlay.member(node).map { Holder(node: node, addresses: $0.addresses) }
  }
}
