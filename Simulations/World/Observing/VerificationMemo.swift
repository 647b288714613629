internal import Engine
internal import Overlay

/// Makes each check of a signature once for all nodes of the world: a thousand nodes check the same thousand records.
struct VerificationMemo {
  private static let limit = 100_000
  private var findings: [Verification.MemoKey: Verification.Finding] = [:]

  mutating func finding(of check: Check) -> Verification.Finding {
    guard case .overlay(let verification) = check else { return check.finding() }
    let key = verification.memoKey
    if let known = findings[key] { return known }
    if findings.count >= Self.limit { findings = [:] }
    let finding = verification.finding()
    findings[key] = finding
    return finding
  }
}
