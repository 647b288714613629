/// What befalls disks at a time.
enum DiskAct: Sendable {
  enum Word: String, CaseIterable {
    case loseWrites, tearWrites, failWrites, failDisk, fillDisk, freeDisk, slowDisk, copyDisk, rollBackDisk
    case troubleDisks
  }

  /// From now on, in so many of 1,000 crashes, a part of what waits to be synced is durable all the same.
  case losePart(permille: Int)
  /// From now on so many of 1,000 crashes cut the log inside a transaction.
  case tear(permille: Int)
  /// From now on so many of 1,000 group commits fail.
  case fail(permille: Int)
  /// The next write fails.
  case failNext(Chosen)
  /// There is no room, for a time or until it is freed.
  case fill(Chosen, for: Duration?)
  case free(Chosen)
  case slow(Chosen, by: Duration, for: Duration?)
  /// Copies of what is durable are taken from now on.
  case copy(Chosen, every: Duration, atMost: Int)
  /// The newest copy that is so old is put back.
  case rollBack(Chosen, by: Duration)
  /// Every so often something that the seed chooses befalls the disk of a node that the seed chooses.
  case trouble(every: Duration, for: Duration, lasting: Duration)

  init(_ word: Word, _ object: inout ScenarioObject, _ indices: ClosedRange<Int>) throws(ScenarioError) {
    let permille = 0...1_000
    switch word {
    case .loseWrites: self = .losePart(permille: try object.integer("permille", in: permille))
    case .tearWrites: self = .tear(permille: try object.integer("permille", in: permille))
    case .failWrites: self = .fail(permille: try object.integer("permille", in: permille))
    case .failDisk: self = .failNext(try ScenarioAct.chosen(&object, indices))
    case .fillDisk: self = .fill(try ScenarioAct.chosen(&object, indices), for: try object.durationIfAny("for"))
    case .freeDisk: self = .free(try ScenarioAct.chosen(&object, indices))
    case .slowDisk:
      self = .slow(
        try ScenarioAct.chosen(&object, indices), by: try object.duration("by"), for: try object.durationIfAny("for"))
    case .copyDisk:
      self = .copy(
        try ScenarioAct.chosen(&object, indices), every: try object.interval("every"),
        atMost: try object.integerIfAny("atMost", in: 1...1_000) ?? 16)
    case .rollBackDisk:
      self = .rollBack(try ScenarioAct.chosen(&object, indices), by: try object.duration("by"))
    case .troubleDisks:
      self = .trouble(
        every: try object.interval("every"), for: try object.duration("for"), lasting: try object.duration("lasting"))
    }
  }
}

extension ScenarioRun {
  func perform(_ act: DiskAct) {
    switch act {
    case .losePart(let permille): network.diskFaults.partialLossPermille = permille
    case .tear(let permille): network.diskFaults.tearPermille = permille
    case .fail(let permille): network.diskFaults.failurePermille = permille
    case .failNext(let chosen): for index in indices(chosen) { network.failDisk(index) }
    case .fill(let chosen, let length): for index in indices(chosen) { fill(index, for: length) }
    case .free(let chosen): for index in indices(chosen) { network.freeDisk(index) }
    case .slow(let chosen, let delay, let length):
      for index in indices(chosen) { network.slowDisk(index, by: delay, for: length) }
    case .copy(let chosen, let interval, let limit):
      for index in indices(chosen) { network.keepDiskCopies(of: index, every: interval, atMost: limit) }
    case .rollBack(let chosen, let age):
      for index in indices(chosen) where !network.rollBackDisk(index, by: age) {
        network.breach("the disk of node \(index) was not put back: it runs, or no copy is that old")
      }
    case .trouble(let interval, let length, let lasting):
      repeating(every: interval, times: Int(length / interval)) { run, _ in run.trouble(for: lasting) }
    }
  }

  private func fill(_ index: Int, for length: Duration?) {
    network.fillDisk(index)
    if let length { network.act(after: length) { $0.freeDisk(index) } }
  }

  /// One fault of one disk; never of the first node's.
  private func trouble(for length: Duration) {
    guard let index = network.live.filter({ $0 != 0 }).randomElement(using: &dice) else { return }
    switch Int.random(in: 0..<5, using: &dice) {
    case 0: network.failDisk(index)
    case 1: fill(index, for: length)
    case 2: network.slowDisk(index, by: .milliseconds(Int64.random(in: 50...2_000, using: &dice)), for: length)
    case 3: die(index, .torn, downFor: length)
    default: die(index, .cut, downFor: length)
    }
  }

  /// What a node writes waits for a second, and then the node dies.
  private func die(_ index: Int, _ fate: UnsyncedFate, downFor length: Duration) {
    network.slowDisk(index, by: .seconds(2), for: .seconds(1))
    network.act(after: .seconds(1)) { network in
      guard network.nodes[index].isUp else { return }
      network.crash(index, unsynced: fate)
      network.restart(index, after: length)
    }
  }
}
