import Foundation
import Overlay
import Testing

/// What is counted as dropped must be explained where people look it up.
@Suite struct DropReasonTests {
  @Test(arguments: DropReason.allCases)
  func everyReasonStandsInTheOperatorsTable(reason: DropReason) throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("docs/operating.md")
    let rows = try String(contentsOf: path, encoding: .utf8).split(separator: "\n").filter { $0.hasPrefix("| `") }
    // As Prometheus shows it.
    #expect(rows.count { $0.contains("`overlay: \(reason.rawValue)`") } == 1)
  }
}
