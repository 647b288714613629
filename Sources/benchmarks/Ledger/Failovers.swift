import Consensus
import Ledger
import Model
import NIOCore
import Storage

/// Kills the coordinator's process again and again while a client appends, and looks at the end whether anything that was
/// told as decided is gone.
struct Failovers: Sendable {
  private struct Outcome: Sendable {
    /// From each kill to the first decision of a later term.
    let times: [Duration]
    let decided: [FailoverClient.Decided]
  }

  /// Each kill comes at another moment of the client's and the coordinators' rounds.
  private static let calm = 20...300
  /// What is told by itself.
  private static let remarkable = ElectionRules().timeout * 2
  private static let pageCount = 4_096
  private static let progressStep = 100

  let kills: Int
  let members: LedgerMembers

  func measure(in folder: BenchmarkFolder) async throws -> [(Figure, Double)] {
    let outcome = try await LedgerProcesses.running(in: folder) { try await run($0) }
    var lost = 0
    for member in 0..<LedgerMembers.count {
      lost += try check(LedgerProcesses.folder(of: member, in: folder), holds: outcome.decided)
    }
    say("\(outcome.decided.count) decided appends looked up in the ledgers of all members")
    let timeout = ElectionRules().timeout.inMilliseconds
    let times = Samples(outcome.times.map(\.inMilliseconds))
    return [
      (LedgerFigures.failoverMedian, times.quantile(0.5) / timeout),
      (LedgerFigures.failoverWorst, times.quantile(0.99) / timeout),
      (LedgerFigures.failoverMilliseconds, times.quantile(0.99)), (LedgerFigures.decidedLost, Double(lost)),
    ]
  }

  private func run(_ ledger: LedgerProcesses) async throws -> Outcome {
    let client = FailoverClient(value: String(repeating: "v", count: 100))
    let (orders, order) = AsyncStream.makeStream(of: Int.self, bufferingPolicy: .bufferingOldest(LedgerMembers.count))
    return try await firstValue { group in
      group.addTask {
        // Connecting takes until a process is there; the client goes on meanwhile.
        for await member in orders {
          _ = try await LoopbackConnection.open(port: ledger.clientPorts[member]) { [feed = client.feed] channel in
            try channel.pipeline.syncOperations.addHandlers(
              ByteToMessageHandler(MessageCutter()), FailoverHandler(member: member, feed: feed))
          }
        }
        return nil
      }
      group.addTask { try await kill(ledger, client) { order.yield($0) } }
    }
  }

  private func kill(
    _ ledger: LedgerProcesses, _ given: FailoverClient, connect: @Sendable (Int) -> Void
  ) async throws -> Outcome {
    var client = given
    let all = 0..<LedgerMembers.count
    for member in all { connect(member) }
    try await client.untilHolds("a connection to each member") { client in all.allSatisfy(client.isConnected) }
    var times: [Duration] = []
    for number in 1...kills {
      client.askToReach(all)
      try await client.untilHolds("every member's copy of kill \(number - 1)") { $0.reached.count == all.count }
      try await client.goOn(for: .milliseconds(Int.random(in: Self.calm)))
      try await client.untilHolds("a coordinator") { $0.office != nil && !$0.decided.isEmpty }
      guard let (victim, term) = client.office else { continue }
      let start = ContinuousClock.now
      try ledger.processes.kill(victim)
      try await client.untilHolds("a decision of the term after \(term)") { ($0.decided.last?.term ?? 0) > term }
      let time = (client.decided.last?.at ?? .now) - start
      times.append(time)
      if time > Self.remarkable { say("kill \(number), in term \(term): \(Int(time.inMilliseconds)) ms") }
      ledger.processes.start(victim)
      connect(victim)
      try await client.untilHolds("member \(victim)'s return") { $0.isConnected(to: victim) }
      if number.isMultiple(of: Self.progressStep) { say("\(number) kills") }
    }
    client.askToReach(all)
    try await client.untilHolds("every member's copy at the end") { $0.reached.count == all.count }
    return Outcome(times: times, decided: client.decided)
  }

  /// - Returns: how many decided entries are not at their places in a member's ledger.
  private func check(_ folder: String, holds decided: [FailoverClient.Decided]) throws -> Int {
    let reader = try LedgerReader(path: folder)
    let report = try reader.verify(members.collaboration)
    guard report.findings.isEmpty else {
      throw BenchmarkFailure("the ledger in \(folder) does not hold: \(report.findings[0])")
    }
    var hashes: [Int: [UInt8]] = [:]
    var next = 1
    while true {
      let rows = try reader.entries(of: members.collaboration, from: next, limit: Self.pageCount)
      for row in rows { hashes[row.number] = row.hash }
      guard let last = rows.last else { break }
      next = last.number + 1
    }
    return decided.count { hashes[$0.number] != $0.hash.bytes }
  }
}
