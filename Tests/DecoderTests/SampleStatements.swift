import Contract
import Coordination
import Ledger
import Model
import RoundFixtures

@testable import Overlay

// A statement of each purpose, and a record of each kind with its bodies unsigned.
extension Samples {
  private static let amounts = Amounts(cpuMillicores: 100, memoryBytes: 1 << 20)
  private static let trace = TraceID(.zero)
  private static let range = AttemptRange(first: 3, count: 2, number: 1)

  static func statements() throws -> [Sample] {
    let cast = Cast.fixed
    var samples = [
      Sample(decoder: "statement", name: "certificate", bytes: cast.founder.certificate.statement.bytes),
      Sample(decoder: "statement", name: "grant", bytes: cast.invitation.grant?.statement.bytes ?? []),
      Sample(decoder: "statement", name: "member", bytes: cast.joinerRecord.statement.bytes),
    ]
    func add(_ name: String, _ body: some StatementBody) throws {
      let signed = try cast.joiner.sign(body, collaboration: CollaborationID(.zero))
      samples.append(Sample(decoder: "statement", name: name, bytes: signed.statement.bytes))
    }
    let digest = Digest(of: [1])
    try add("announcement", Announcement(text: "\"é\"\n", expiresMilliseconds: Cast.now, trace: trace))
    try add("accusation", Accusation(accused: cast.founder.node, incarnation: 1, milliseconds: 5, refutation: 2))
    try add("refutation", Refutation(incarnation: 1, refutation: 3))
    try add("proposal", Proposal(term: 1, configuration: digest, first: 2, last: 9, head: digest))
    try add("acknowledgement", Acknowledgement(term: 1, configuration: digest, number: 9, head: digest))
    try addElection(add: { try add($0, $1) })
    try addNegotiation(add: { try add($0, $1) })
    try add("submission", submission())
    try add("offer", offer())
    try add("offer-answer", answer())
    try add("result", report())
    let state = ProgressReport.State(subtask: 1, number: 2, state: "running", reason: "")
    try add("progress", ProgressReport(task: TaskID(digest), states: [state], trace: trace))
    return samples
  }

  private static func addElection(add: (String, any StatementBody) throws -> Void) throws {
    let (digest, node) = (Digest(of: [1]), Cast.fixed.founder.node)
    let position = Position(term: 1, number: 9, head: digest)
    try add("confirmation", Confirmation(term: 1, configuration: digest, number: 9, head: digest))
    try add("pre-vote", PreVote(term: 2, configuration: digest))
    try add("vote", Vote(term: 2, candidate: node, position: position, configuration: digest))
    try add("election-call", ElectionCall(term: 2, configuration: digest, person: "é", reason: "slow"))
    try add("election-transfer", ElectionTransfer(term: 2, configuration: digest, successor: node, person: "é"))
  }

  private static func addNegotiation(add: (String, any StatementBody) throws -> Void) throws {
    let opening = OpenRound.fixed.round.opening
    let call = StatementID(Digest(of: [2]))
    let one = Roster(version: 1, members: Array(opening.roster.members.prefix(1)))
    try add(
      "call",
      Call(
        charter: opening.charter, contract: .standard, kind: "batch", labels: ["team": "a"], needs: amounts,
        replyByMilliseconds: Cast.now, trace: trace))
    try add("joins", CallAnswer(call: call, verdict: .join(member: one.members[0])))
    try add("declines", CallAnswer(call: call, verdict: .decline(code: .maintenance, text: "later")))
    try add(
      "counters", CallAnswer(call: call, verdict: .counter(contract: .standard, member: one.members[0], text: "more")))
    try add(
      "roster",
      RosterProposal(
        charter: opening.charter, call: call, round: 1, contract: .standard, roster: one, trace: trace))
    try add(
      "invitation",
      MemberInvitation(
        after: 12, charter: opening.charter, contract: .standard, contacts: [one.members[0].node], kind: "batch",
        labels: ["é": "x"], needs: one.members[0].total, replyByMilliseconds: 1_700_000_000_000, roster: one,
        signatures: [], trace: trace))
    try add("join", JoinRequest(after: 12, contract: Digest(of: [4]), member: one.members[0]))
    try add("invitation-declined", InvitationDeclined(code: .policy, text: "no"))
    try add("leave", LeaveRequest(after: 14, reason: "maintenance"))
    try add(
      "delegation", Delegation(after: 14, agent: one.members[0].node, person: "ada", reason: "no stake of its own"))
    try add("withdrawal", Delegation(after: 14, agent: nil, person: "ada", reason: ""))
    let motion = Motion(
      act: .revoke, after: 14, subject: one.members[0].node, person: "ada", reason: "it lies",
      expiresMilliseconds: Cast.now)
    try add("motion", motion)
    let asked = try Cast.fixed.founder.sign(MotionVote(motion: call, yes: false, person: "ada"), collaboration: nil)
    try add("relay", RequestRelay(request: asked))
    try add("motion-vote", MotionVote(motion: call, yes: true, person: "ben"))
    try add("roster-signature", RosterSignature(agreement: Digest(of: [3]), call: call))
  }

  private static func submission() throws -> Submission {
    try OpenRound.fixed.round.submission(subtasks: 3).statement.decode(Submission.self)
  }

  private static func offer() throws -> Offer {
    try OpenRound.fixed.round.offer(OpenRound.fixed.task, [range]).statement.decode(Offer.self)
  }

  private static func answer() -> OfferAnswer {
    let declined = OfferAnswer.Decline(
      attempts: [AttemptRange(first: 4, count: 1, number: 1)], code: .capacity, text: "full",
      retryAfterMilliseconds: 500)
    return OfferAnswer(
      offer: OfferID(.zero), task: OpenRound.fixed.task, accepted: [AttemptRange(first: 3, count: 1, number: 1)],
      declined: [declined], trace: trace)
  }

  private static func report() throws -> ResultReport {
    let round = OpenRound.fixed.round
    var report = try round.report(OpenRound.fixed.task, [0, 1], by: 1).report.statement.decode(ResultReport.self)
    report.results[1].failure = AttemptFailure(category: "command", detail: "1")
    return report
  }

  // MARK: Records

  static func records() throws -> [Sample] {
    let fixed = OpenRound.fixed
    func record(_ name: String, _ kind: String, _ body: JSON) -> Sample {
      Sample(
        decoder: "record", name: name,
        bytes: CanonicalJSON.encode(
          .object(["body": body, "kind": .string(kind), "timeMilliseconds": .integer(10_000)])))
    }
    func json(_ value: some Encodable) throws -> JSON { try CanonicalJSON.json(of: value) }
    let plan = TaskPlanned(
      task: fixed.task, number: 1, previous: 0, cause: "new", strategy: "weightedFairShare", seed: .zero,
      candidates: [
        .init(node: fixed.round.node(1), weightPPM: 1_000_000, free: amounts, fits: 1, score: 5)
      ], filtered: [.init(node: fixed.round.node(2), constraint: "price", detail: "")],
      choices: [.init(node: fixed.round.node(1), attempts: [range])])
    let lost = AttemptsLost(
      task: fixed.task, participant: fixed.round.node(1), attempts: [AttemptRange(first: 0, count: 2, number: 1)],
      cause: .participantFailed)
    let ended = TaskEnded(task: fixed.task, outcome: .failed, category: "command", reason: "1")
    var opening = fixed.round.opening
    // They are made when the record is read.
    opening.signatures = []
    var upsideDown = opening
    upsideDown.contract.weights.ceilingPPM = 0
    var fresh = try CollaborationState(
      id: fixed.round.id, opening: Round.record(1, fixed.round.opening, at: 10_000))
    var kept = KeptParts()
    let heads = try fresh.parts(beyond: &kept).map(\.bytes)
    let file = TaskSpecification.File(path: "a/b", content: ObjectReference(of: [1]))
    return [
      record("opened", RoundOpened.kind, try json(opening)),
      record("refused-ceiling", RoundOpened.kind, try json(upsideDown)),
      record("submitted", TaskSubmitted.kind, .object(["submission": try json(submission())])),
      record("planned", TaskPlanned.kind, try json(plan)),
      record(
        "answered", OfferAnswered.kind, .object(["offer": try json(lateOffer()), "answer": try json(answer())])),
      record("expired", OfferExpired.kind, .object(["offer": try json(offer())])),
      record("reported", ResultsReported.kind, .object(["report": try json(report())])),
      record("lost", AttemptsLost.kind, try json(lost)),
      record("ended", TaskEnded.kind, try json(ended)),
      record("refused-digest", StateDigested.kind, try json(StateDigested(digest: Digest(of: [1])))),
      Sample(decoder: "state", name: "head", bytes: heads[0]),
      try document(
        "task-specification", "parts",
        TaskSpecification(
          command: ["wc", "-w"], script: nil, environment: ["A": "b"], sharedInputs: [],
          split: .parts(name: "texts", parts: [[file]]), results: ["out"], outputLimitBytes: 1 << 20,
          reduce: .init(command: [], script: "cat", results: []))),
      try document(
        "task-specification", "range",
        TaskSpecification(
          command: [], script: "true", environment: [:], sharedInputs: [.init(name: "x", files: [file])],
          split: .range(name: "n", pieces: [.init(first: -1, last: 9)]), results: [], outputLimitBytes: 1,
          reduce: nil)),
    ]
  }

  /// One that can still be answered.
  private static func lateOffer() throws -> Offer {
    var offer = try offer()
    offer.expiresMilliseconds = 20_000
    return offer
  }
}
