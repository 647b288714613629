import Contract
import Model
import Overlay
import RoundFixtures
import Testing

/// What the contract allows of proposals and votes on who belongs to a network (R20).
@Suite struct CouncilFoldTests {
  private let stranger = NodeID(Digest(of: Array("a stranger".utf8)))

  /// Four voters: three must say yes.
  private func council() throws -> Round {
    try Round(
      seed: 11, totals: [.zero, Round.four, Round.four, Round.four], contract: .ofNetwork, isOfNetwork: true)
  }

  private func proposal(
    _ act: MotionAct, _ subject: NodeID, by index: Int, in round: Round, expires: Int64 = 60_000,
    reason: String = "it asked", after: Int? = nil, collaboration: CollaborationID? = nil
  ) throws -> MotionProposed {
    let motion = Motion(
      act: act, after: after ?? round.state.lastEntry, subject: subject, person: "ada", reason: reason,
      expiresMilliseconds: expires)
    return MotionProposed(
      proposal: try round.identities[index].sign(motion, collaboration: collaboration ?? round.id))
  }

  private func vote(_ motion: MotionProposed, _ yes: Bool = true, by index: Int, in round: Round) throws -> MotionVoted
  {
    MotionVoted(
      vote: try round.identities[index].sign(
        MotionVote(motion: motion.proposal.id, yes: yes, person: "ben"), collaboration: round.id))
  }

  @Test("A node is let in once a quorum has said yes, each voter once")
  func admits() throws {
    var round = try council()
    let motion = try proposal(.admit, stranger, by: 1, in: round)
    try round.apply(motion)
    #expect(try round.refusal(of: motion) == .duplicate)
    #expect(try round.refusal(of: proposal(.admit, stranger, by: 2, in: round)) == .duplicate, "the same is open")
    #expect(try round.refusal(of: vote(motion, by: 1, in: round)) == .duplicate, "its proposal was its vote")
    try round.apply(vote(motion, by: 2, in: round))
    #expect(round.state.council?.admitted[stranger] == nil, "two of four are no quorum")
    try round.apply(vote(motion, by: 3, in: round))
    #expect(round.state.council?.admitted[stranger] == motion.proposal.id)
    #expect(round.state.council?[motion.proposal.id]?.outcome == .holds(entry: round.state.lastEntry))
    #expect(try round.refusal(of: vote(motion, by: 0, in: round)) == .motion, "it is decided")
    #expect(try round.refusal(of: proposal(.admit, stranger, by: 1, in: round, expires: 70_000)) == .motion)
  }

  @Test("Who is accused has no vote in its own case; once revoked it has none at all, and leaves")
  func revokes() throws {
    var round = try council()
    let motion = try proposal(.revoke, round.node(3), by: 0, in: round)
    try round.apply(motion)
    #expect(try round.refusal(of: vote(motion, false, by: 3, in: round)) == .membership)
    try round.apply(vote(motion, by: 1, in: round))
    #expect(round.state.council?.revoked.isEmpty == true)
    try round.apply(vote(motion, by: 2, in: round))
    #expect(round.state.council?.revoked[round.node(3)] == motion.proposal.id)
    #expect(round.state.leaving.contains(round.node(3)))
    #expect(try round.refusal(of: proposal(.admit, stranger, by: 3, in: round)) == .membership)
    let back = try proposal(.admit, round.node(3), by: 0, in: round)
    try round.apply(back)
    try round.apply(vote(back, by: 1, in: round))
    try round.apply(vote(back, by: 2, in: round))
    #expect(round.state.council?.revoked.isEmpty == true)
  }

  @Test("What too many have said no to fails, and what nobody decided in time is over")
  func fails() throws {
    var round = try council()
    let motion = try proposal(.admit, stranger, by: 1, in: round)
    try round.apply(motion)
    try round.apply(vote(motion, false, by: 2, in: round))
    #expect(round.state.council?[motion.proposal.id]?.outcome == .open)
    try round.apply(vote(motion, false, by: 3, in: round))
    #expect(round.state.council?[motion.proposal.id]?.outcome == .failed(entry: round.state.lastEntry))
    let late = try proposal(.admit, stranger, by: 1, in: round, expires: 2_000)
    try round.apply(late)
    round.time = 2_000
    #expect(try round.refusal(of: vote(late, by: 2, in: round)) == .expiry)
    #expect(try round.refusal(of: proposal(.admit, stranger, by: 2, in: round, expires: 2_000)) == .expiry)
    try round.apply(proposal(.admit, stranger, by: 2, in: round))
  }

  @Test("Forged, foreign and oversize proposals and votes are refused and change nothing")
  func hostile() throws {
    var round = try council()
    let motion = try proposal(.admit, stranger, by: 1, in: round)
    let forged = SignedStatement(
      motion.proposal.statement, signature: try proposal(.revoke, stranger, by: 1, in: round).proposal.signature)
    #expect(try round.refusal(of: MotionProposed(proposal: forged)) == .signature)
    let other = try Round(
      seed: 12, totals: [.zero, Round.four, Round.four, Round.four], contract: .ofNetwork, isOfNetwork: true)
    #expect(try round.refusal(of: proposal(.admit, stranger, by: 1, in: other)) != nil, "of another network")
    #expect(
      try round.refusal(of: proposal(.admit, stranger, by: 1, in: round, collaboration: other.id)) != nil,
      "for another collaboration")
    #expect(try round.refusal(of: proposal(.admit, stranger, by: 1, in: round, reason: "")) == .limit)
    let long = String(repeating: "r", count: 201)
    #expect(try round.refusal(of: proposal(.admit, stranger, by: 1, in: round, reason: long)) == .limit)
    let week = Motion.lifetimeLimitMilliseconds
    #expect(
      try round.refusal(of: proposal(.admit, stranger, by: 1, in: round, expires: round.time + week + 1)) == .limit)
    #expect(try round.refusal(of: vote(motion, by: 2, in: round)) == .motion, "nothing was proposed")
    try round.apply(motion)
    let cast = try vote(motion, by: 2, in: round)
    let counterfeit = SignedStatement(cast.vote.statement, signature: motion.proposal.signature)
    #expect(try round.refusal(of: MotionVoted(vote: counterfeit)) == .signature)
    var plain = try Round(seed: 13)
    #expect(try plain.refusal(of: proposal(.admit, stranger, by: 1, in: plain)) == .kind)
  }

  @Test("Proposals are bounded, of one member more than of all, and what was forgotten cannot be said again")
  func bounded() throws {
    var round = try council()
    for index in 0..<Council.openLimitPerProposer {
      try round.apply(proposal(.admit, NodeID(Digest(of: [UInt8(index)])), by: 1, in: round))
    }
    #expect(try round.refusal(of: proposal(.admit, stranger, by: 1, in: round)) == .limit)
    let first = try proposal(.admit, stranger, by: 2, in: round)
    try round.apply(first)
    for voter in [1, 3] { try round.apply(vote(first, by: voter, in: round)) }
    // Let in and cut off in turn, until the first of these is forgotten.
    var act = MotionAct.revoke
    while round.state.council?[first.proposal.id] != nil {
      let motion = try proposal(act, stranger, by: 0, in: round)
      try round.apply(motion)
      for voter in [1, 2] { try round.apply(vote(motion, by: voter, in: round)) }
      act = act == .revoke ? .admit : .revoke
      #expect(round.state.council.map { $0.motions.count <= Council.motionsKept } == true)
    }
    if act == .revoke {
      let motion = try proposal(.revoke, stranger, by: 0, in: round)
      try round.apply(motion)
      for voter in [1, 2] { try round.apply(vote(motion, by: voter, in: round)) }
    }
    #expect(try round.refusal(of: first) == .order)
    #expect(try round.refusal(of: TaskSubmitted(submission: round.submission())) != nil, "it takes no tasks")
  }
}
