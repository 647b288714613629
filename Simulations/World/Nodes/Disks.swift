internal import Engine
internal import Model

// What befalls disks.
extension SimulatedNetwork {
  // MARK: Writing

  func handOver(_ transaction: SimulatedDisk.Transaction, at index: Int) {
    nodes[index].disk.handOver(transaction)
    let delay = Duration.microseconds(Int64.random(in: 500...3_000, using: &random))
    let more = diskDelay[index] ?? .zero
    // One sync of a slow disk takes along nothing that came while it lasted.
    schedule(.persist(through: more > .zero ? transaction.step : nil), at: index, after: delay + more)
    if more > .zero { faultCounts.count(.diskSlow) }
  }

  /// What waits is synced at once, as a group commit does.
  ///
  /// - Parameter step: of the newest transaction that is synced; nil: all are.
  func persist(_ index: Int, through step: UInt64?) {
    let waiting = nodes[index].disk.unsynced.map(\.step).filter { $0 <= step ?? .max }
    guard let last = waiting.last else { return }
    if writeFails(at: index) {
      // Whether what could not be synced is there is not known; a write that found no room left nothing.
      _ = endLog(of: index, fullDisks.contains(index) ? .lost : .cut)
      end(index)
      return startAgain(index)
    }
    for step in waiting {
      guard carryOut(.sync(step: step), of: index, { nodes[index].disk.syncOldest() }) else { return }
    }
    schedule(.input(.written(last)), at: index, after: .microseconds(Int64.random(in: 1...100, using: &random)))
  }

  /// Whether a write fails that comes now; counted.
  func writeFails(at index: Int) -> Bool {
    if fullDisks.contains(index) {
      faultCounts.count(.diskFull)
      return true
    }
    guard failingDisks.remove(index) != nil || happens(diskFaults.failurePermille) else { return false }
    faultCounts.count(.diskFailed)
    return true
  }

  // MARK: Crashes

  /// What a crash makes of transactions that wait, where nobody has settled it.
  func drawnFate() -> UnsyncedFate {
    if happens(diskFaults.tearPermille) { return .torn }
    return happens(diskFaults.partialLossPermille) ? .cut : .lost
  }

  /// The process is at its end, and with it what waits to be synced.
  ///
  /// - Returns: what befell the disk; nil when nothing was lost.
  func endLog(of index: Int, _ fate: UnsyncedFate) -> FaultKind? {
    let waiting = nodes[index].disk.unsynced
    guard !waiting.isEmpty else { return nil }
    var (whole, torn) = (0, 0)
    switch fate {
    case .lost: break
    case .kept: whole = waiting.count
    case .cut: whole = Int.random(in: 0...waiting.count, using: &random)
    case .torn:
      whole = Int.random(in: 0..<waiting.count, using: &random)
      torn = Int.random(in: 1...max(1, waiting[whole].writes.count), using: &random)
    }
    nodes[index].disk.recover(whole: whole, torn: torn)
    if torn > 0 { return .diskTorn }
    return whole < waiting.count ? .diskLost : nil
  }

  // MARK: Disks that fail

  /// The next write or sync of a node's disk fails: its process ends, and starts again after `restartAfter`.
  package func failDisk(_ index: Int) { failingDisks.insert(index) }

  /// From now on a node's disk has no room: its process ends at the first write, and so does each that starts again,
  /// every `restartAfter`.
  package func fillDisk(_ index: Int) { fullDisks.insert(index) }

  /// There is room again.
  package func freeDisk(_ index: Int) { fullDisks.remove(index) }

  /// A node's disk takes longer for each transaction that is handed over from now on.
  ///
  /// - Parameter length: for how long; nil: for good.
  package func slowDisk(_ index: Int, by delay: Duration, for length: Duration? = nil) {
    diskDelay[index] = delay
    guard let length else { return }
    act(after: length) { $0.diskDelay[index] = nil }
  }

  // MARK: Older states

  /// Copies what is durable at a node, now and every so often.
  ///
  /// - Parameter limit: copies that are kept, the newest.
  package func keepDiskCopies(of index: Int, every interval: Duration, atMost limit: Int = 16) {
    precondition(interval > .zero && limit > 0, "copies take time and room")
    // A value: it shares its memory with the disk until either changes.
    nodes[index].diskCopies.append((now.uptime, nodes[index].disk.durable))
    nodes[index].diskCopies.removeFirst(max(0, nodes[index].diskCopies.count - limit))
    act(after: interval) { $0.keepDiskCopies(of: index, every: interval, atMost: limit) }
  }

  /// Puts back the newest copy of a node's disk that is at least so old, while the process is down.
  ///
  /// - Returns: whether there was one, and the process was down.
  package func rollBackDisk(_ index: Int, by age: Duration) -> Bool {
    guard !nodes[index].isUp, let copy = nodes[index].diskCopies.last(where: { now.uptime - $0.taken >= age }) else {
      return false
    }
    faultCounts.count(.diskRollback)
    nodes[index].disk = copy.disk
    nodes[index].rollbacks += 1
    // Only the disk knows what the node gave out.
    nodes[index].incarnation = 0
    return true
  }
}
