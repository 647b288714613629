/// What a world does to its nodes. Each has a counter, so that a fault that a scenario meant and that never came shows.
package enum FaultKind: String, Hashable, Sendable, CaseIterable {
  // Datagrams.
  case datagramLost, datagramDuplicated, datagramReordered, datagramCorrupted, datagramTruncated
  /// Sent where a cut, a partition or an isolation lies between.
  case datagramCut
  /// Nobody listens there.
  case datagramUndeliverable
  case datagramReplayed
  /// The buffer of a stopped process was full.
  case datagramOverrun
  case datagramAltered

  // Streams.
  case frameDuplicated, frameStalled, frameAltered
  case linkBroken, linkTimedOut, linkHalfOpen
  case dialRefused, dialTimedOut
  case greetingAltered, greetingReplayed

  // Processes and machines.
  case crash, restart, vanishing, pause, clone, leaving
  case cut, oneWayCut, datagramOneWayCut, partition, isolation, heal
  case clockStep, clockDrift
}

/// How often each fault came about.
package struct FaultCounts: Sendable {
  private var counts: [FaultKind: Int] = [:]

  package subscript(kind: FaultKind) -> Int { counts[kind] ?? 0 }

  /// Those that came about, by name.
  package var byName: [(name: String, count: Int)] {
    FaultKind.allCases.compactMap { kind in counts[kind].map { (kind.rawValue, $0) } }
  }

  mutating func count(_ kind: FaultKind, times: Int = 1) { counts[kind, default: 0] += times }
}
