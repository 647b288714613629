import Oracle
import Testing

/// One history that keeps a rule and one, changed in a step, that breaks it.
typealias History = @Sendable (inout Play, _ broken: Bool) throws -> Void

@Suite struct RuleTests {
  static let histories: [Rule: History] = worldHistories.merging(formHistories) { $1 }.merging(chainHistories) { $1 }
    .merging(quorumHistories) { $1 }.merging(votingHistories) { $1 }.merging(memberHistories) { $1 }
    .merging(electionHistories) { $1 }

  @Test("A history that keeps the rule passes, and one that breaks it is found", arguments: Rule.allCases)
  func rule(_ rule: Rule) throws {
    let history = try #require(Self.histories[rule], "no history for \(rule)")
    let judge = Judge(unchecked: rule == .voteOnce ? [] : [.voteOnce])
    var good = try Play(judge: judge)
    try history(&good, false)
    // Rules about what a quorum signs break only with more liars than a run may have.
    let liars = rule == .faultBudget ? 1 : 4
    #expect(good.judge.settle(atMost: liars) == [])
    var bad = try Play(judge: judge)
    try history(&bad, true)
    let found = bad.judge.settle(atMost: liars)
    #expect(found.contains { $0.rule == rule }, "\(found)")
  }
}
