import Contract
import Coordination
import Model
import Testing

@Suite struct PlanningTests {
  static func nodes(_ count: Int) -> [NodeID] { (0..<count).map { NodeID(Digest(of: [UInt8($0)])) } }

  @Test("Shares are in proportion to weight x room and add up (R33)", arguments: [1, 2, 3, 4] as [UInt64])
  func proportion(seed: UInt64) {
    let two = Self.nodes(2)
    let shares = Strategy.weightedFairShare(
      subtasks: 400, candidates: [(two[0], 1_000_000, 8), (two[1], 3_000_000, 8)], seed: .zero)
    #expect(shares.map(\.share) == [100, 300])
    var random = Random.seeded(seed)
    for _ in 0..<200 {
      let all = Self.nodes(Int.random(in: 1...20, using: &random)).map {
        (
          node: $0, weightPPM: Int.random(in: 50_000...4_000_000, using: &random),
          fits: Int.random(in: 0...100_000, using: &random)
        )
      }
      let subtasks = Int.random(in: 0...100_000, using: &random)
      let digest = random.digest()
      let made = Strategy.weightedFairShare(subtasks: subtasks, candidates: all, seed: digest)
      #expect(made.reduce(0) { $0 + $1.share } == subtasks && made.allSatisfy { $0.share >= 0 }, "seed \(seed)")
      let again = Strategy.weightedFairShare(subtasks: subtasks, candidates: all, seed: digest)
      #expect(made.map(\.share) == again.map(\.share), "anyone makes it again (R62)")
    }
  }

  @Test("Nobody, or numbers at their limits, give shares and no trap")
  func limits() {
    #expect(Strategy.weightedFairShare(subtasks: 5, candidates: [], seed: .zero).isEmpty)
    let all = Self.nodes(20).map { (node: $0, weightPPM: Int.max, fits: Int.max) }
    #expect(
      Strategy.weightedFairShare(subtasks: 100_000, candidates: all, seed: .zero).reduce(0) { $0 + $1.share } == 100_000
    )
  }

  @Test("A policy's first rule that fits declines; members left out match everything (R35)")
  func policy() {
    let rules: [LocalPolicy.Rule] = [
      .init(kind: "ai", label: nil, code: .unsupported, text: "no gpu"),
      .init(kind: nil, label: ["secret": "yes"], code: .trust, text: "not here"),
    ]
    let policy = LocalPolicy(decline: rules, decidesByHand: false)
    #expect(policy.objection(kind: "ai", labels: [:]) == rules[0])
    #expect(policy.objection(kind: "batch", labels: ["secret": "yes", "a": "b"]) == rules[1])
    #expect(policy.objection(kind: "batch", labels: [:]) == nil)
  }
}
