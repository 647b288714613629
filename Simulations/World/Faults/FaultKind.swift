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

  // Disks.
  /// A crash came before transactions were synced, and whole ones were lost.
  case diskLost
  /// A crash cut the log inside a transaction.
  case diskTorn
  /// A write or a sync failed, and the process ended.
  case diskFailed
  /// A write found no room, and the process ended.
  case diskFull
  /// An older state of the disk was put back.
  case diskRollback
  /// A sync took longer than disks take.
  case diskSlow
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
