/// The figures of a network of so many nodes, ours or the peer's. Limits are for ours, most of them for 100 nodes.
struct OverlayFigures: Sendable {
  let nodes: Int
  let isPeer: Bool

  /// What the limits are for; its keys bear no number.
  private static let standardCount = 100
  private var isStandard: Bool { nodes == Self.standardCount && !isPeer }

  private func figure(_ key: String, _ most: Double? = nil, _ summary: Figure.Summary = .median) -> Figure {
    Figure(
      key: (isPeer ? "peer_" : "") + key + (nodes == Self.standardCount ? "" : "_\(nodes)"),
      limit: most.map { .atMost($0) } ?? .told, summary: summary)
  }

  var joinAll: Figure { figure("join_all_s") }
  var joinAllWorst: Figure { figure("join_all_worst_s", isStandard ? 1.5 : nil, .worst) }
  var startAll: Figure { figure("start_all_s") }
  var joinOne: Figure { figure("join_one_s") }
  var broadcastMedian: Figure { figure("broadcast_p50_ms") }
  var broadcastWorst: Figure { figure("broadcast_p99_ms", isStandard ? 100 : nil) }
  var broadcastLast: Figure { figure("broadcast_last_ms") }
  var broadcastCopies: Figure { figure("broadcast_copies", isStandard ? 2 : nil) }
  var broadcastHops: Figure { figure("broadcast_hops", nil, .worst) }
  var broadcastMissed: Figure { figure("broadcast_missed", isPeer ? nil : 0, .worst) }
  var killKnown: Figure { figure("kill_known_all_s", isStandard ? 3 : nil) }
  var stopKnown: Figure { figure("stop_known_all_s") }
  var resumeKnown: Figure { figure("resume_known_all_s") }
  var falseDeaths: Figure { figure("false_deaths", isPeer ? nil : 0, .worst) }
  var falseDeathsJoin: Figure { figure("false_deaths_join", isPeer ? nil : 0, .worst) }
  var falseDeathsCalm: Figure { figure("false_deaths_calm", isPeer ? nil : 0, .worst) }
  var idleCPU: Figure { figure("idle_cpu_ms_per_s", isStandard ? 1 : nil) }
  var idleMemory: Figure { figure("idle_rss_mb", isStandard ? 30 : nil) }
  var idleDatagrams: Figure { figure("idle_datagrams_per_s") }
  var idleBytes: Figure { figure("idle_bytes_per_s") }

  var all: [Figure] {
    [
      joinAll, joinAllWorst, startAll, joinOne, broadcastMedian, broadcastWorst, broadcastLast, broadcastCopies,
      broadcastHops,
      broadcastMissed, killKnown, stopKnown, resumeKnown, falseDeaths, falseDeathsCalm, falseDeathsJoin, idleCPU,
      idleMemory, idleDatagrams, idleBytes,
    ]
  }
}
