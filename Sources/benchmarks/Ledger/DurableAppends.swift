import Engine
import Ledger
import Model
import Node
import Overlay
import Storage
import Synchronization

/// Appends to one ledger in this process: chain, signature and disk, without other members.
struct DurableAppends: Sendable {
  /// What was appended, as it was written.
  struct Written: Sendable {
    let entries: [[UInt8]]
    let proposals: [SignedStatement]
    let perSecond: Double
  }

  /// So many of one batch go to the disk while the next are made.
  private static let batchesInFlight = 4

  let members: LedgerMembers
  let value: String
  /// For how long entries are made.
  let duration: Duration

  /// Each entry is signed by itself, and the next is made once it is durable.
  func single(in folder: String) async throws -> Written {
    try await writing(to: folder) { writer in
      var log = AppendLog(members)
      try await writer.submit(try log.batch(of: 1, value))
      let start = ContinuousClock.now
      while ContinuousClock.now - start < duration { try await writer.submit(try log.batch(of: 1, value)) }
      return log.written(since: start)
    }
  }

  /// As a coordinator under load: the largest batches that the protocol allows, each signed once, while earlier ones are
  /// on their way to the disk.
  func batched(in folder: String) async throws -> Written {
    try await writing(to: folder) { writer in
      var log = AppendLog(members)
      try await writer.submit(try log.batch(of: 1, value))
      let start = ContinuousClock.now
      try await withThrowingTaskGroup(of: Void.self) { group in
        var inFlight = 0
        while ContinuousClock.now - start < duration {
          if inFlight == Self.batchesInFlight {
            try await group.next()
            inFlight -= 1
          }
          let writes = try log.batch(of: Proposal.countLimit, value)
          group.addTask { try await writer.submit(writes) }
          inFlight += 1
        }
        try await group.waitForAll()
      }
      return log.written(since: start)
    }
  }

  /// Runs `body` beside the writer of a new database, then checks what lies on the disk.
  private func writing(
    to folder: String, _ body: @escaping @Sendable (Writer) async throws -> Written
  ) async throws -> Written {
    let database = try NodeDatabase(folder: folder, node: members.founder.node, network: members.founder.network)
    let writer = Writer(database)
    let written: Written = try await firstValue { group in
      group.addTask {
        try await writer.run { _ in }
        return nil
      }
      group.addTask { try await body(writer) }
    }
    try database.close()
    let report = try LedgerReader(path: folder).verify(members.collaboration)
    guard report.findings.isEmpty, report.entries == written.entries.count else {
      throw BenchmarkFailure("the ledger that was written does not hold: \(report.findings.prefix(1))")
    }
    return written
  }
}

/// A ledger that a founder extends alone.
private struct AppendLog {
  private let members: LedgerMembers
  private var chain: Chain
  private var entries: [[UInt8]] = []
  private var proposals: [SignedStatement] = []
  private var first: Int?

  init(_ members: LedgerMembers) {
    self.members = members
    chain = Chain(members.collaboration)
  }

  /// The next entries with one proposal over them; the first entry opens the ledger.
  mutating func batch(of count: Int, _ value: String) throws -> [Write] {
    let start = chain.number + 1
    var writes: [Write] = []
    for _ in 0..<count {
      let isFirst = chain.number == 0
      let entry = try chain.extend(
        kind: isFirst ? "round.opened" : LedgerMembers.entryKind,
        body: isFirst ? members.opening : LedgerMembers.body(value), term: 1,
        timeMilliseconds: Wall.milliseconds(), configuration: members.configuration.hash)
      entries.append(entry.bytes)
      writes.append(.ledger(.entry(entry)))
    }
    let proposal = Proposal(
      term: 1, configuration: members.configuration.hash, first: start, last: chain.number, head: chain.head)
    let signed = try members.founder.sign(proposal, collaboration: members.collaboration)
    proposals.append(signed)
    writes.append(.ledger(.proposal(try SignedProposal(signed))))
    return writes
  }

  /// The rate leaves the opening out, which came before.
  func written(since start: ContinuousClock.Instant) -> DurableAppends.Written {
    DurableAppends.Written(
      entries: entries, proposals: proposals,
      perSecond: Double(entries.count - 1) / (ContinuousClock.now - start).inSeconds)
  }
}
