/// The figures of `benchmarks ledger`. What is to be reached beside the peer is known once the peer was measured.
struct LedgerFigures: Sendable {
  static let appendSingle = Figure(key: "append_single_per_s", limit: .atLeast(5_000))
  static let appendBatched = Figure(key: "append_batched_per_s", limit: .atLeast(30_000))
  static let verifyLinks = Figure(key: "verify_links_per_s", limit: .atLeast(300_000))
  static let verifyFull = Figure(key: "verify_full_per_s", limit: .atLeast(23_000))
  static let failoverMedian = Figure(key: "failover_p50_timeouts", limit: .atMost(1.2))
  static let failoverWorst = Figure(key: "failover_p99_timeouts", limit: .atMost(2))
  static let failoverMilliseconds = Figure(key: "failover_p99_ms", limit: .told)
  static let decidedLost = Figure(key: "decided_lost", limit: .atMost(0), summary: .worst)

  /// Decided appends a second with so many clients: ours, the peer's, and ours by the peer's in the same run.
  struct Decided: Sendable {
    let clients: Int
    /// The least part of the peer's speed.
    let part: Double

    var ours: Figure { Figure(key: "decided_\(clients)_per_s", limit: .told) }
    var peer: Figure { Figure(key: "peer_decided_\(clients)_per_s", limit: .told) }
    var ratio: Figure { Figure(key: "decided_\(clients)_ratio", limit: .atLeast(part)) }
  }

  static let decided = [Decided(clients: 1, part: 0.8), Decided(clients: 64, part: 1)]

  static let all =
    [appendSingle, appendBatched] + decided.flatMap { [$0.ours, $0.peer, $0.ratio] }
    + [verifyLinks, verifyFull, failoverMedian, failoverWorst, failoverMilliseconds, decidedLost]
}
