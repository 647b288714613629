import Ledger
import Model

/// The findings of `ledger verify` in sentences.
enum FindingText {
  /// Entries that are spoken of in one ledger; the others are counted.
  private static let limit = 20

  static func lines(of report: VerificationReport) -> [String] {
    let leads = report.leads
    var lines = leads.prefix(limit).map { finding, followers in
      "error: ledger \(report.collaboration.short), \(sentence(finding))"
        + (followers > 0 ? " ... and \(followers) more at this entry that follow from it" : "")
    }
    if leads.count > limit {
      lines.append(
        "error: ledger \(report.collaboration.short): findings at \(leads.count - limit) more entries")
    }
    return lines
  }

  private static func sentence(_ finding: Finding) -> String {
    let entry = "entry \(finding.number)"
    let both = "expected \(finding.expected), found \(finding.found)"
    return switch finding.what {
    case .missing: "\(finding.expected): missing from the file, though later ones or signatures say it was there"
    case .unreadable: "\(entry): unreadable, its bytes are no entry: \(finding.found)"
    case .changed: "\(entry): changed after it was signed: \(both)"
    case .misplaced: "\(entry): misplaced, another entry lies in its place: \(both)"
    case .contested: "\(entry): contested, two entries claim its place: \(both)"
    case .link: "\(entry): link broken, it does not follow the entry before it: \(both)"
    case .column: "\(entry): column beside it changed, which repeats what the entry says: \(both)"
    case .proposal: "\(entry): proposal wrong, which is how the coordinator signs entries: \(both)"
    case .election: "\(entry): election wrong, its votes do not prove who coordinates this term: \(both)"
    case .decision: "\(entry): decision wrong, its certificate does not prove what a quorum decided: \(both)"
    case .signature: "\(entry): signature does not hold: \(both)"
    case .unproposed: "\(entry): unproposed, the coordinator has not signed it: \(both)"
    case .cut: "\(entry): cut off, the ledger ends too early: \(both)"
    case .contradicted: "\(entry): contradicted, somebody signed another entry here: \(both)"
    case .foundation: "\(entry): foundation wrong, so keys or contract cannot be relied upon: \(both)"
    case .membership: "\(entry): voters wrong, it stands under others than the entries before it name: \(both)"
    case .rules: "\(entry): rules broken, the contract does not allow it: \(finding.found)"
    }
  }
}
