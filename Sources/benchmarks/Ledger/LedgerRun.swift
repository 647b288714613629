import Glibc
import Ledger

/// One run: all speeds once, ours and the peer's, each in a folder of its own.
struct LedgerRun: Sendable {
  /// What is measured, where it is not plain.
  static let remarks = [
    "append_single: a signature for each entry; append_batched: one for each \(Proposal.countLimit) entries, as a coordinator under load",
    "decided: counted once the certificate is on the coordinator's disk; links are the shipped ones, encrypted",
    "verify_links: entries of append_batched; verify_full: of append_single, so with a signature to check for each",
    "etcd is asked by gRPC at its leader; every client has a connection of its own, here and there",
  ]
  private static let valueByteCount = 100

  private let members: LedgerMembers
  private let duration: Duration
  private let etcd: ChildProgram?
  private let value = String(repeating: "v", count: valueByteCount)

  /// - Parameter etcd: nil when it is not to be measured.
  init(duration: Duration, etcd: ChildProgram?) throws {
    members = try LedgerMembers()
    self.duration = duration
    self.etcd = etcd
  }

  func measure() async throws -> [(Figure, Double)] {
    var found = try await BenchmarkFolder.within { try await appendAndVerify(in: $0) }
    let ours = try await BenchmarkFolder.within { try await decided(in: $0) }
    var theirs: [Double]?
    if let etcd { theirs = try await BenchmarkFolder.within { try await decided(by: etcd, in: $0) } }
    for (index, figures) in LedgerFigures.decided.enumerated() {
      found.append((figures.ours, ours[index]))
      guard let theirs else { continue }
      found += [(figures.peer, theirs[index]), (figures.ratio, ours[index] / theirs[index])]
    }
    return found
  }

  private func appendAndVerify(in folder: BenchmarkFolder) async throws -> [(Figure, Double)] {
    let appends = DurableAppends(members: members, value: value, duration: duration)
    let (singlePath, batchedPath) = ("\(folder.path)/single", "\(folder.path)/batched")
    for path in [singlePath, batchedPath] where mkdir(path, 0o700) != 0 {
      throw BenchmarkFailure("\(path) cannot be made: \(String(cString: strerror(errno)))")
    }
    let single = try await appends.single(in: singlePath)
    let batched = try await appends.batched(in: batchedPath)
    return [
      (LedgerFigures.appendSingle, single.perSecond), (LedgerFigures.appendBatched, batched.perSecond),
      (LedgerFigures.verifyLinks, try Verifying.perSecond(batched, of: members.collaboration)),
      (LedgerFigures.verifyFull, try Verifying.perSecond(single, of: members.collaboration)),
    ]
  }

  private func decided(in folder: BenchmarkFolder) async throws -> [Double] {
    try await LedgerProcesses.running(in: folder) { ledger in
      var rates: [Double] = []
      for figures in LedgerFigures.decided {
        rates.append(
          try await ClosedLoop.perSecond(clients: figures.clients, for: duration) { _, meter in
            // The founder coordinates until it is lost.
            try await MemberClient.connect(port: ledger.clientPorts[0], value: value, meter)
          })
      }
      return rates
    }
  }

  private func decided(by etcd: ChildProgram, in folder: BenchmarkFolder) async throws -> [Double] {
    try await EtcdCluster.running(etcd, in: folder) { cluster in
      var rates: [Double] = []
      for figures in LedgerFigures.decided {
        rates.append(try await cluster.put(clients: figures.clients, value: value, for: duration))
      }
      return rates
    }
  }
}
