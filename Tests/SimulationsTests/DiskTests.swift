import Engine
import Model
import Simulations
import Testing

/// What befalls disks: nothing is there without what came before it, and nobody was told of what is lost (R27, R60).
@Suite struct DiskTests {
  /// Two nodes that know each other; the disk of the second takes its time.
  static func pair(_ seed: UInt64, diskDelay: Duration = .seconds(10)) throws -> SimulatedNetwork {
    let network = try SimulatedNetwork(seed: seed, plainNodes: 2)
    #expect(network.run(for: .seconds(10)) { $0.allSeeAll }, "seed \(seed)")
    network.run(for: .seconds(1))
    network.slowDisk(1, by: diskDelay)
    return network
  }

  /// All that a node finds on its disk, in an order of its own.
  static func content(_ disk: SimulatedDisk) -> [String] {
    let recovered = disk.recovered
    return recovered.facts.map { "fact \($0.id.hexadecimal)" }
      + recovered.documents.sorted { $0.key < $1.key }.map { "document \($0.key) \($0.value)" }
      + recovered.events.map { "event \($0.id) \($0.state)" }
  }

  /// Hands several transactions over that wait to be synced.
  ///
  /// - Returns: what the disk holds when the first so many of them are durable, by their number.
  static func burden(_ network: SimulatedNetwork) -> [[String]] {
    for number in 0..<4 {
      network.broadcast("told \(number)", from: 0)
      network.run(for: .milliseconds(20))
    }
    var disk = network.nodes[1].disk.durable
    var states = [content(disk)]
    for transaction in network.nodes[1].disk.unsynced {
      disk.apply(transaction.writes)
      states.append(content(disk))
    }
    #expect(Set(states).count == states.count && states.count >= 5, "each transaction shows: \(states.map(\.count))")
    return states
  }

  @Test("At a crash some of the oldest transactions are durable and all later ones are lost; it is counted")
  func lost() throws {
    var lengths: Set<Int> = []
    for seed in 1...16 as ClosedRange<UInt64> {
      let network = try Self.pair(seed)
      network.diskFaults.partialLossPermille = 1_000
      let states = Self.burden(network)
      network.crash(1)
      let length = try #require(states.firstIndex(of: Self.content(network.nodes[1].disk)), "seed \(seed)")
      lengths.insert(length)
      #expect(network.faultCounts[.diskLost] == (length < states.count - 1 ? 1 : 0), "seed \(seed)")
      #expect(network.faultCounts[.diskTorn] == 0 && network.nodes[1].disk.unsynced.isEmpty, "seed \(seed)")
    }
    #expect(lengths.count >= 4, "\(lengths.sorted())")
  }

  @Test("A transaction that the log holds a part of is not there, those before it are; it is counted apart")
  func torn() throws {
    var lengths: Set<Int> = []
    for seed in 1...16 as ClosedRange<UInt64> {
      let network = try Self.pair(seed)
      network.diskFaults.tearPermille = 1_000
      let states = Self.burden(network)
      network.crash(1)
      let length = try #require(states.firstIndex(of: Self.content(network.nodes[1].disk)), "seed \(seed)")
      lengths.insert(length)
      #expect(length < states.count - 1, "seed \(seed): the last one was torn or lost")
      #expect(network.faultCounts[.diskTorn] == 1 && network.faultCounts[.diskLost] == 0, "seed \(seed)")
    }
    #expect(lengths.count >= 3, "\(lengths.sorted())")
  }

  @Test("What becomes of transactions that wait can be settled", arguments: [UnsyncedFate.lost, .kept])
  func settled(fate: UnsyncedFate) throws {
    let network = try Self.pair(17)
    let states = Self.burden(network)
    network.crash(1, unsynced: fate)
    #expect(Self.content(network.nodes[1].disk) == (fate == .lost ? states.first : states.last))
    #expect(network.faultCounts[.diskLost] == (fate == .lost ? 1 : 0))
  }

  @Test("Nobody is told of what is lost, whichever effect the crash comes around", arguments: [18, 19] as [UInt64])
  func promises(seed: UInt64) throws {
    let fates = UnsyncedFate.allCases
    var (told, waited) = (0, 0)
    for effect in 1...40 {
      let network = try Self.pair(seed, diskDelay: .zero)
      let point = CrashPoint(
        node: 1, effect: network.nodes[1].effects + effect, isAfter: effect.isMultiple(of: 2),
        unsynced: fates[effect % fates.count])
      network.crashPoint = point
      network.restartAfter = .seconds(60)
      for _ in 0..<8 {
        if network.nodes[1].isUp { network.submit(TaskPlan(), at: 1) }
        network.run(for: .milliseconds(3))
      }
      #expect(!network.nodes[1].isUp, "seed \(seed), \(point) never came")
      let held = network.nodes[1].disk.recovered.documents
      for case .success(.task(let task)) in network.nodes[1].answers.values {
        told += 1
        #expect(held["submission/\(task.hexadecimal)"] != nil, "seed \(seed), \(point): told of what is lost")
      }
      waited += network.nodes[1].answers.isEmpty ? 1 : 0
    }
    #expect(told > 20 && waited > 5, "seed \(seed): \(told) \(waited)")
  }

  @Test(
    "A write that fails ends the process; it starts again with what is there", arguments: 21...26 as ClosedRange<UInt64>
  )
  func failed(seed: UInt64) throws {
    let network = try Self.pair(seed, diskDelay: .milliseconds(200))
    network.failDisk(1)
    let states = Self.burden(network)
    #expect(network.nodes[1].isUp)
    network.run(for: .milliseconds(300))
    #expect(!network.nodes[1].isUp, "seed \(seed)")
    #expect(states.contains(Self.content(network.nodes[1].disk)), "seed \(seed)")
    #expect(network.faultCounts[.diskFailed] == 1 && network.faultCounts[.crash] == 0, "seed \(seed)")
    #expect(network.run(for: .seconds(30)) { $0.live.count == 2 && $0.allSeeAll }, "seed \(seed)")
    #expect(network.faultCounts[.diskFailed] == 1 && network.faultCounts[.restart] == 1, "seed \(seed)")
  }

  @Test("Writes fail as often as they are asked to", arguments: [27, 28] as [UInt64])
  func failures(seed: UInt64) throws {
    let network = try SimulatedNetwork(seed: seed, plainNodes: 2)
    network.run(for: .seconds(5))
    network.diskFaults.failurePermille = 100
    for number in 0..<60 {
      network.broadcast("write \(number)", from: 0)
      network.run(for: .seconds(1))
    }
    #expect((5...50).contains(network.faultCounts[.diskFailed]), "seed \(seed): \(network.faultCounts.byName)")
    #expect(network.faultCounts[.restart] <= network.faultCounts[.diskFailed], "seed \(seed)")
    network.diskFaults.failurePermille = 0
    #expect(network.run(for: .seconds(60)) { $0.live.count == 2 && $0.allSeeAll }, "seed \(seed)")
  }

  @Test("While a disk is full its node starts and ends at its first write; once there is room it stays")
  func full() throws {
    let network = try Self.pair(29, diskDelay: .zero)
    network.fillDisk(1)
    let before = Self.content(network.nodes[1].disk)
    network.broadcast("full", from: 0)
    network.run(for: .milliseconds(100))
    #expect(!network.nodes[1].isUp && Self.content(network.nodes[1].disk) == before)
    var effects = 0
    network.effectSeen = { index, _, _ in effects += index == 1 ? 1 : 0 }
    network.run(for: .seconds(10))
    #expect(effects == 0 && Self.content(network.nodes[1].disk) == before)
    #expect((9...11).contains(network.faultCounts[.diskFull]))
    network.freeDisk(1)
    #expect(network.run(for: .seconds(30)) { $0.live.count == 2 && $0.allSeeAll })
    network.run(for: .seconds(10))
    #expect(network.nodes[1].isUp && (9...11).contains(network.faultCounts[.diskFull]))
  }

  @Test("An older state that is put back is the one that was there; the node starts on it")
  func rolledBack() throws {
    let network = try Self.pair(30, diskDelay: .zero)
    network.keepDiskCopies(of: 1, every: .seconds(1), atMost: 5)
    network.run(for: .milliseconds(2_500))
    let old = Self.content(network.nodes[1].disk)
    network.broadcast("later", from: 0)
    network.run(for: .seconds(2))
    #expect(Self.content(network.nodes[1].disk) != old)
    #expect(!network.rollBackDisk(1, by: .seconds(2)), "the process runs")
    network.crash(1)
    #expect(!network.rollBackDisk(1, by: .seconds(10)), "no copy is that old")
    #expect(network.faultCounts[.diskRollback] == 0)
    #expect(network.rollBackDisk(1, by: .milliseconds(2_200)))
    #expect(Self.content(network.nodes[1].disk) == old && network.faultCounts[.diskRollback] == 1)
    network.run(for: .seconds(60))
    #expect(network.nodes[1].diskCopies.count == 5)
    network.restart(1, after: .zero)
    #expect(network.run(for: .seconds(30)) { $0.live.count == 2 && $0.allSeeAll })
  }

  @Test("A slow disk tells later, for as long as it is slow; it is counted")
  func slow() throws {
    let network = try Self.pair(31, diskDelay: .zero)
    network.slowDisk(1, by: .seconds(2), for: .seconds(5))
    let before = network.nodes[1].disk.transactions
    network.broadcast("slow", from: 0)
    network.run(for: .seconds(1))
    network.broadcast("slow too", from: 0)
    network.run(for: .milliseconds(900))
    #expect(network.nodes[1].disk.transactions == before && network.nodes[1].disk.unsynced.count == 2)
    network.run(for: .milliseconds(200))
    #expect(network.nodes[1].disk.transactions > before && network.nodes[1].disk.unsynced.count == 1)
    network.run(for: .seconds(1))
    #expect(network.nodes[1].disk.unsynced.isEmpty)
    let (count, after) = (network.faultCounts[.diskSlow], network.nodes[1].disk.transactions)
    #expect(count > 0)
    network.run(for: .seconds(3))
    network.broadcast("quick", from: 0)
    network.run(for: .milliseconds(100))
    #expect(network.nodes[1].disk.transactions > after && network.faultCounts[.diskSlow] == count)
  }

  @Test("A clone has what is durable, not what waits")
  func clone() throws {
    let network = try Self.pair(32)
    let states = Self.burden(network)
    let first = try #require(network.nodes[1].disk.unsynced.first?.step)
    let copy = try network.clone(1)
    let disk = network.nodes[copy].disk
    #expect(disk.recovered.facts.count == states[0].count { $0.hasPrefix("fact") })
    #expect(disk.unsynced.allSatisfy { $0.step < first }, "what waits there is its own, from its first steps")
  }

  @Test("With all faults of disks on, one seed gives one run")
  func replays() throws {
    let seed: UInt64 = 33
    func play(_ seed: UInt64) throws -> SimulatedNetwork {
      let network = try SimulatedNetwork(seed: seed, plainNodes: 4)
      network.run(for: .seconds(5))
      network.diskFaults.partialLossPermille = 500
      network.diskFaults.tearPermille = 300
      network.diskFaults.failurePermille = 50
      network.keepDiskCopies(of: 3, every: .seconds(2))
      network.slowDisk(1, by: .milliseconds(400))
      network.slowDisk(2, by: .milliseconds(400))
      for round in 0..<8 {
        for index in network.live { network.broadcast("\(round) of \(index)", from: index) }
        network.run(for: .milliseconds(300))
        network.crash(1 + round % 3)
        if round == 2 { network.fillDisk(2) }
        if round == 5 { _ = network.rollBackDisk(3, by: .seconds(3)) }
        network.run(for: .seconds(1))
        network.restart(1 + round % 3, after: .zero)
      }
      network.freeDisk(2)
      network.run(for: .seconds(5))
      return network
    }
    let (first, second) = (try play(seed), try play(seed))
    for kind in [FaultKind.diskLost, .diskTorn, .diskFailed, .diskFull, .diskRollback, .diskSlow] {
      #expect(first.faultCounts[kind] > 0, "seed \(seed): \(kind)")
    }
    #expect(first.fingerprint.digest == second.fingerprint.digest, "seed \(seed)")
    #expect(try play(seed + 100).fingerprint.digest != first.fingerprint.digest, "seed \(seed)")
  }
}
