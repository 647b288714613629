import Ledger
import Model

/// How fast the verifier reads a ledger that lies in memory, on the one core that calls it.
enum Verifying {
  /// Entries a second.
  ///
  /// - Throws: `BenchmarkFailure` when the ledger does not hold.
  static func perSecond(_ ledger: DurableAppends.Written, of collaboration: CollaborationID) throws -> Double {
    let proposals = try ledger.proposals.map { (signed: $0, last: try SignedProposal($0).proposal.last) }
    let start = ContinuousClock.now
    var verifier = Verifier(collaboration)
    var waiting = proposals[...]
    for (index, bytes) in ledger.entries.enumerated() {
      while let next = waiting.first, next.last < index + 1 {
        verifier.take(next.signed)
        waiting.removeFirst()
      }
      verifier.take(bytes, at: index + 1)
    }
    for next in waiting { verifier.take(next.signed) }
    let report = verifier.finish(expectedCount: ledger.entries.count)
    let time = ContinuousClock.now - start
    guard report.findings.isEmpty else {
      throw BenchmarkFailure("a ledger that is whole is refused: \(report.findings[0])")
    }
    return Double(ledger.entries.count) / time.inSeconds
  }
}
