import Contract
import Foundation
import Model
import Overlay
import RoundFixtures
import Testing

/// The written form of a state, its digest, and the entries that hold it (R5, R16).
@Suite struct StateFormTests {
  private static let seed =
    ProcessInfo.processInfo.environment["JOINTCLOUD_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 1...999_999)

  /// What a node's disk holds of a state.
  private struct Disk {
    var parts: [String: [UInt8]] = [:]
    var kept = KeptParts()
    /// Of the newest parts.
    var digest = Digest.zero
    var written = 0

    mutating func keep(_ state: inout CollaborationState) throws {
      let parts = try state.parts(beyond: &kept)
      for part in parts { self.parts[part.name] = part.bytes }
      written = parts.count
      digest = try state.digest()
    }

    func state() throws -> CollaborationState {
      var kept = KeptParts()
      let state = try CollaborationState(parts: parts, digest: digest, kept: &kept)
      #expect(kept == self.kept)
      return state
    }
  }

  /// Of another fold of the same entries, which never made a digest before.
  private static func foldAnew(_ records: [LedgerRecord], _ id: CollaborationID) throws -> CollaborationState {
    var state = try CollaborationState(id: id, opening: records[0])
    for record in records.dropFirst() { try state.apply(record) }
    return state
  }

  @Test("A state taken up from its parts is the same, has the same digest and folds on as the original")
  func roundTrip() throws {
    print("seed of the last history: \(Self.seed) (JOINTCLOUD_SEED repeats it)")
    var kinds: Set<String> = []
    for seed in [1, 2, Self.seed] {
      var history = try RandomHistory(seed: seed, intervalEntries: 30)
      var dice = Random.seeded(seed &+ 1)
      var disk = Disk()
      for _ in 0..<16 {
        for _ in 0..<Int.random(in: 1...60, using: &dice) { try history.step() }
        try disk.keep(&history.round.state)
        var taken = try disk.state()
        let isSame = taken == history.state
        #expect(isSame, "seed \(seed), entry \(history.state.lastEntry)")
        #expect(try taken.digest() == disk.digest, "seed \(seed)")
        // The original goes on in the one that was taken up, as after a start.
        if Bool.random(using: &dice) { history.round.state = taken }
      }
      var anew = try Self.foldAnew(history.records, history.round.id)
      let isSame = anew == history.state
      #expect(isSame, "seed \(seed)")
      #expect(try anew.digest() == disk.digest, "seed \(seed): a digest made at once is another")
      kinds.formUnion(history.kinds)
    }
    let all: Set = [
      TaskSubmitted.kind, TaskPlanned.kind, OfferAnswered.kind, OfferExpired.kind, ResultsReported.kind,
      AttemptsLost.kind, TaskEnded.kind, MemberJoined.kind, MemberLeaving.kind, MemberLeft.kind, VotersChanging.kind,
      VotersChanged.kind, CoordinationDelegated.kind, TermRecord.kind, StateDigested.kind,
    ]
    #expect(kinds == all, "kinds of entries that were not tried")
  }

  @Test("The form is that of this version of the rules: who changes it changes the version")
  func pinned() throws {
    var history = try RandomHistory(seed: 1, intervalEntries: 30)
    for _ in 0..<600 { try history.step() }
    #expect(history.state.delegations.count > 0 && history.state.tasks.values.contains { $0.isOver })
    let digest = try history.round.state.digest()
    #expect(
      ContractDocument.rulesVersion == 7
        && digest.hexadecimal == "51bc07cd212d5a6d877acdef32d12fb94c6141342f8543a992e9be27f953808e", "\(digest)")
  }

  @Test("Who gives up a branch has the digest of the other one, not what it remembers")
  func branches() throws {
    var history = try RandomHistory(seed: 3, intervalEntries: 30)
    for _ in 0..<200 { try history.step() }
    var left = history
    var right = history
    for _ in 0..<20 { try left.step() }
    _ = try left.round.state.digest()
    right.round.time += 50_000
    for _ in 0..<20 { try right.step() }
    var anew = try Self.foldAnew(right.records, right.round.id)
    #expect(try right.round.state.digest() == anew.digest())
    // Back to where they parted, as a draft goes back to the book.
    left = history
    left.round.time += 50_000
    for _ in 0..<20 { try left.step() }
    #expect(try left.round.state.digest() == anew.digest())
  }

  @Test("The state of a network's own collaboration has a form as well")
  func council() throws {
    var round = try Round(
      seed: 11, totals: [.zero, Round.four, Round.four, Round.four], contract: .ofNetwork, isOfNetwork: true)
    var disk = Disk()
    for (act, voters) in [(MotionAct.admit, [2, 3]), (.revoke, [2]), (.revoke, [1, 2])] {
      let motion = Motion(
        act: act, after: round.state.lastEntry, subject: act == .admit ? NodeID(.zero) : round.node(3), person: "ada",
        reason: "it asked", expiresMilliseconds: round.time + 60_000)
      let proposal = try round.identities[0].sign(motion, collaboration: round.id)
      try round.apply(MotionProposed(proposal: proposal))
      for voter in voters {
        let vote = MotionVote(motion: proposal.id, yes: true, person: "ben")
        try round.apply(MotionVoted(vote: try round.identities[voter].sign(vote, collaboration: round.id)))
        try disk.keep(&round.state)
        let isSame = try disk.state() == round.state
        #expect(isSame)
      }
      round.time += 60_001
    }
    #expect(round.state.council?.revoked.isEmpty == false && round.state.council?.admitted.isEmpty == false)
  }

  @Test("Only what changed is written again: blocks of subtasks, open tasks, and each task that ended once")
  func cost() throws {
    var round = try Round()
    let large = try round.submit(subtasks: 1_000)
    let small = try round.submit(subtasks: 10)
    var disk = Disk()
    try disk.keep(&round.state)
    #expect(disk.written == 1 + 2 + 4 + 1, "the head, two tasks, and their blocks of 256 subtasks")
    try disk.keep(&round.state)
    #expect(disk.written == 1, "nothing changed")
    try round.assign(large, [AttemptRange(first: 300, count: 20, number: 1)], to: 1)
    try disk.keep(&round.state)
    #expect(disk.written == 1 + 1 + 1)
    try round.apply(TaskEnded(task: small, outcome: .cancelled, category: "", reason: ""))
    try disk.keep(&round.state)
    #expect(disk.written == 1 + 1)
    try round.apply(TaskEnded(task: large, outcome: .cancelled, category: "", reason: ""))
    try disk.keep(&round.state)
    #expect(disk.written == 1 + 1 + 1, "what was assigned is pending again")
    let head = disk.parts[CollaborationState.headPart]?.count ?? 0
    for count in 11..<40 {
      let task = try round.submit(subtasks: count)
      try round.apply(TaskEnded(task: task, outcome: .cancelled, category: "", reason: ""))
    }
    try disk.keep(&round.state)
    #expect(
      abs((disk.parts[CollaborationState.headPart]?.count ?? 0) - head) < 16, "tasks that are over cost it nothing")
    let isSame = try disk.state() == round.state
    #expect(isSame)
  }

  @Test("A part that is changed, missing, older or too much is found")
  func damage() throws {
    var history = try RandomHistory(seed: 7, intervalEntries: 30)
    var disk = Disk()
    for _ in 0..<150 { try history.step() }
    try disk.keep(&history.round.state)
    let older = disk
    for _ in 0..<150 { try history.step() }
    try disk.keep(&history.round.state)
    #expect(!history.state.openTaskIDs.isEmpty && history.state.openTasks < history.state.tasks.count)
    var dice = Random.seeded(3)
    for name in disk.parts.keys.sorted() {
      var damaged = disk
      let index = Int.random(in: 0..<(damaged.parts[name]?.count ?? 1), using: &dice)
      damaged.parts[name]?[index] ^= 1
      #expect(throws: StateFormError.self, "\(name) with byte \(index) changed") { try damaged.state() }
      damaged.parts[name] = nil
      #expect(throws: StateFormError.self, "\(name) removed") { try damaged.state() }
      guard let before = older.parts[name], before != disk.parts[name] else { continue }
      damaged.parts[name] = before
      #expect(throws: StateFormError.self, "\(name) put back") { try damaged.state() }
    }
    var other = try RandomHistory(seed: 8, intervalEntries: 30)
    for _ in 0..<50 { try other.step() }
    var foreign = Disk()
    try foreign.keep(&other.round.state)
    var mixed = disk
    mixed.parts.merge(foreign.parts) { own, _ in own }
    #expect(throws: StateFormError.self, "tasks of another ledger") { try mixed.state() }
  }

  @Test("An entry with another digest is refused, and one that comes sooner than the contract says")
  func entries() throws {
    var contract = ContractDocument.standard
    contract.snapshots.intervalEntries = 3
    var round = try Round(contract: contract)
    func right() throws -> StateDigested {
      var state = round.state
      return StateDigested(digest: try state.digest())
    }
    _ = try round.submit(subtasks: 1)
    #expect(try round.refusal(of: right()) == .order, "two entries")
    _ = try round.submit(subtasks: 2)
    let before = try right()
    #expect(try round.refusal(of: StateDigested(digest: .zero)) == .state)
    _ = try round.submit(subtasks: 3)
    #expect(try round.refusal(of: before) == .state, "of an entry before")
    try round.apply(right())
    #expect(round.state.digestedEntry == 5)
    for count in 4..<6 { _ = try round.submit(subtasks: count) }
    #expect(try round.refusal(of: right()) == .order)
    _ = try round.submit(subtasks: 6)
    try round.apply(right())
    for interval in [0, -1, 1_000_001] {
      contract.snapshots.intervalEntries = interval
      #expect(throws: Violation.self) { try Round(contract: contract) }
    }
  }

  @Test("Numbers that canonical JSON cannot hold do not come into a state")
  func bounds() throws {
    var round = try Round()
    let task = try round.submit(subtasks: 1)
    round.time = JSON.integerLimit
    let attempts = [AttemptRange(first: 0, count: 1, number: 1)]
    let offer = try round.offer(task, attempts, expires: JSON.integerLimit)
    try round.apply(OfferAnswered(offer: offer, answer: round.answer(offer, task, accepted: attempts, by: 1)))
    var disk = Disk()
    try disk.keep(&round.state)
    let isSame = try disk.state() == round.state
    #expect(isSame)
  }

  @Test("Everything that is stored stands in the form: sets in an order, and what is written by hand in full")
  func nothingForgotten() throws {
    var history = try RandomHistory(seed: 9, intervalEntries: 30)
    for _ in 0..<400 { try history.step() }
    var labels: [String: [String]] = [:]
    Self.walk(history.state, &labels)
    // Whoever adds a property here adds it to the form by hand (`SubtaskForm`, `TaskTable`).
    let byHand = [
      "SubtaskRecord": ["state", "attempt", "failed", "result"],
      "FailedAttempt": ["number", "node", "failure", "standardOutput", "standardError"],
      "AttemptResult": ["subtask", "number", "failure", "files", "usage", "nativeID", "nativeState"],
      "AttemptFailure": ["category", "detail"], "ResultObject": ["path", "content", "inline"],
      "ObjectReference": ["digest", "byteCount"],
      "Usage": ["cpuMilliseconds", "wallMilliseconds", "peakMemoryBytes"],
      "SubtaskList": ["records", "digests"],
      "TaskTable": ["records", "order", "open", "over", "places", "memo"],
    ]
    for (type, expected) in byHand { #expect(labels[type] == expected, "\(type)") }
  }

  private static func walk(_ value: Any, _ labels: inout [String: [String]]) {
    let mirror = Mirror(reflecting: value)
    #expect(mirror.displayStyle != .set, "a set has no order; \(type(of: value)) is to be @Ascending")
    let name = "\(type(of: value))"
    // What it holds is written in order.
    if name.hasPrefix("Ascending<") || name.hasPrefix("Remembered<") { return }
    if mirror.displayStyle == .struct { labels[name] = mirror.children.map { $0.label ?? "" } }
    for child in mirror.children { walk(child.value, &labels) }
  }
}
