import Consensus
import Ledger
import LedgerFixtures
import Model
import Oracle
import Sodium

/// A few members that run one certified ledger in virtual time, with disks, signing and links whose delays a seed draws.
///
/// It stands in for the engine around the core: it appends what clients ask for, judges entries by a rule of its own, and
/// hands every request to whoever its node holds for the coordinator.
final class Council {
  enum Event {
    case deliver(ConsensusMessage, from: Int, to: Int, link: Int)
    case durable(Int, generation: Int, [(WriteToken, [LedgerWrite])])
    case input(LedgerConsensus.Input, at: Int, generation: Int)
    case tick(Int, generation: Int)
    case request(String, at: Int)
    case run((Council) -> Void)
  }

  /// What a process finds after a crash.
  struct Disk {
    var entries: [Entry] = []
    var proposals: [SignedProposal] = []
    var ballot = Ballot()
    var prepared: PrepareCertificate?
    var decision: CommitCertificate?
  }

  struct Seat {
    /// Whose key it has; twins share one.
    let key: Int
    var core: LedgerConsensus
    var disk = Disk()
    var isUp = true
    /// Its data lies where it was left; a node whose data was put back knows that it may be an older copy.
    var isNewestCopy = true
    var isPaused = false
    var generation = 0
    /// Lies, or is a twin: its own view counts for nothing.
    var isFaulty = false
    var backlog: [Event] = []
    /// Requests that came in here and are not decided, with the moment they came.
    var pending: [(text: String, since: Moment)] = []
    var decided = 0
    var writesUntil = Duration.zero
  }

  let ledger: FixtureLedger
  let rules: ElectionRules
  let voters: Int
  private let founders: Int
  /// What whoever coordinates works towards.
  var wanted = WantedMembers()
  var random: Random
  var now = Moment(uptime: .seconds(100), wallMilliseconds: 1_700_000_000_000)
  var seats: [Seat] = []
  /// By pair of seats: the number of the link that stands; nil for none.
  private(set) var links: [[Int?]]
  /// Messages from one seat to another wait meanwhile.
  var stalled: Set<[Int]> = []
  private var heap = EventHeap<Event>()
  private var nextLink = 0
  var steps = 0

  // What was seen.
  /// The hash that is decided at each place, and who said so first.
  private(set) var agreed: [Int: (hash: Digest, by: Int)] = [:]
  /// The texts of decided requests, by place.
  private(set) var decidedTexts: [String: Int] = [:]
  private(set) var findings: [String] = []
  private(set) var drops: [String: Int] = [:]
  private(set) var conflicts = 0
  private(set) var setBacks = 0
  var highestTerm: Int {
    seats.filter { !$0.isFaulty }.map { $0.core.office(of: ledger.collaboration)?.term ?? 0 }.max() ?? 0
  }

  // Knobs.
  var refusedKinds: Set<String> = []
  /// What a liar in office proposes in place of what it was asked for.
  var brokenKind: String?
  /// Whether a seat tells consensus that it is busy while it has requests: where it does not, the coordinator may not know.
  var saysBusy = true
  var syncMicroseconds = 300...3_000
  var delayMicroseconds: ClosedRange<Int64> = 100...5_000
  /// Changes what a seat sends; nothing withholds it.
  var tamper: [Int: (_ to: Int, ConsensusMessage) -> [ConsensusMessage]] = [:]
  /// The oracle; nil only while it is being told.
  var witness: Witness?

  /// - Parameters:
  ///   - joiners: nodes that are no members at first; the last seats.
  ///   - twinOf: one more process has the key of this member.
  init(
    members: Int, learners: Int = 0, joiners: Int = 0, seed: UInt64, twinOf: Int? = nil,
    rules: ElectionRules = ElectionRules()
  ) throws {
    ledger = try FixtureLedger(memberCount: members + learners + joiners)
    voters = members
    founders = members + learners
    self.rules = rules
    random = .seeded(seed)
    let keys = Array(0..<members + learners + joiners) + (twinOf.map { [$0] } ?? [])
    links = Array(repeating: Array(repeating: nil, count: keys.count), count: keys.count)
    for key in keys { seats.append(Seat(key: key, core: core(key))) }
    witness = try Witness(ledger, memberSet())
    for index in seats.indices { begin(index) }
  }

  private func node(_ index: Int) -> NodeID { ledger.nodes[seats[index].key].id }

  /// Whatever this seat does from now on is no honest member's doing.
  func turnFaulty(_ index: Int) {
    seats[index].isFaulty = true
    witness?.judge.turnedFaulty(node(index).digest.bytes)
  }

  func configured(_ configuration: Configuration) { told { try $0.configured(configuration) } }

  private func told(_ tell: (inout Witness) throws -> Void) {
    guard var witness else { return }
    // Moved out and back, so that nothing of it is copied.
    self.witness = nil
    defer { self.witness = witness }
    do { try tell(&witness) } catch { finding("the oracle cannot be told: \(error)") }
  }

  var id: CollaborationID { ledger.collaboration }
  var configuration: Configuration { ledger.votersConfiguration(voters) }

  /// A statement of a member, whatever it says.
  func sign(_ body: some StatementBody, by key: Int) throws -> SignedStatement {
    ledger.nodes[key].sign(
      try Statement(
        body, by: ledger.nodes[key].id, epoch: 1, network: FixtureLedger.network, collaboration: id))
  }

  /// - Parameter index: whose view; who joins later is told of all the others.
  func memberSet(at index: Int = 0) -> MemberSet {
    let contacts = index < founders ? [] : ledger.nodes.map(\.id).filter { $0 != node(index) }
    return MemberSet(
      collaboration: id, founder: ledger.nodes[0].id, configuration: configuration,
      members: ledger.nodes.prefix(founders).map {
        .init(node: $0.id, epoch: 1, signingKey: $0.signing.verificationKey)
      }, contacts: contacts)
  }

  private func core(_ key: Int, isNewestCopy: Bool = true) -> LedgerConsensus {
    LedgerConsensus(
      own: ledger.nodes[key].id, epoch: 1, network: FixtureLedger.network, isNewestCopy: isNewestCopy)
  }

  private func begin(_ index: Int) {
    let disk = seats[index].disk
    let isNew = seats[index].generation == 0
    let recovered = RecoveredChain(
      collaboration: id, entries: disk.entries, proposals: disk.proposals, ballot: disk.ballot,
      prepared: disk.prepared, decision: disk.decision)
    let members = memberSet(at: index)
    seats[index].decided = disk.decision?.body.number ?? 0
    step(index, .open(members, rules, recovered: isNew ? nil : recovered))
    tick(index)
  }

  private func tick(_ index: Int) {
    heap.add(.tick(index, generation: seats[index].generation), at: now.uptime + .milliseconds(50))
  }

  // MARK: Time

  func after(_ delay: Duration, _ body: @escaping (Council) -> Void) { heap.add(.run(body), at: now.uptime + delay) }

  @discardableResult
  func run(for duration: Duration, until condition: (Council) -> Bool = { _ in false }) -> Bool {
    let end = now.uptime + duration
    while let next = heap.take(by: end) {
      advance(to: next.at)
      handle(next.event)
      steps += 1
      if condition(self) { return true }
      if steps > 5_000_000 {
        finding("it does not end")
        return false
      }
    }
    advance(to: end)
    return condition(self)
  }

  private func advance(to uptime: Duration) {
    now = now.advanced(by: uptime - now.uptime)
    witness?.judge.advance(to: uptime)
  }

  private func handle(_ event: Event) {
    switch event {
    case .run(let body): body(self)
    case .deliver(let message, let from, let to, let link):
      guard seats[to].isUp, links[from][to] == link else { return }
      if wait(event, at: to) { return }
      if stalled.contains([from, to]) {
        heap.add(event, at: now.uptime + .milliseconds(100))
        return
      }
      step(to, .received(id, message, from: ledger.nodes[seats[from].key].id))
    case .durable(let index, let generation, let writes):
      guard seats[index].generation == generation else { return }
      if wait(event, at: index) { return }
      apply(writes, at: index)
    case .input(let input, let index, let generation):
      guard seats[index].generation == generation else { return }
      if wait(event, at: index) { return }
      step(index, input)
    case .tick(let index, let generation):
      guard seats[index].generation == generation else { return }
      if wait(event, at: index) { return }
      shareOverdue(of: index)
      step(index, .waiting(id, since: seats[index].pending.first?.since))
      step(index, .busy(id, saysBusy && !seats[index].pending.isEmpty))
      step(index, .tick)
      noteAwake(index)
      serveRequests(of: index)
      steer(wanted, at: index)
      tick(index)
    case .request(let text, let index): arrive(text, at: index)
    }
  }

  private func wait(_ event: Event, at index: Int) -> Bool {
    guard seats[index].isPaused else { return false }
    seats[index].backlog.append(event)
    return true
  }

  // MARK: Steps

  func step(_ index: Int, _ input: LedgerConsensus.Input) {
    var effects: LedgerConsensus.Effects = []
    seats[index].core.step(input, at: now, random: &random, into: &effects)
    carryOut(effects, at: index)
  }

  private func carryOut(_ effects: LedgerConsensus.Effects, at index: Int) {
    var writes: [(WriteToken, [LedgerWrite])] = []
    var following: [(Council) -> Void] = []
    for effect in effects {
      switch effect {
      case .store(_, let changes, let token): writes.append((token, changes))
      case .send(_, let message, let node): send(message, from: index, to: node)
      case .sign(let statement, let token):
        let signed = SignedStatement(
          statement, signature: ledger.nodes[seats[index].key].signing.sign(statement.signedBytes))
        later(.signed(token, signed.signature), at: index)
      case .verify(let claims, let token):
        later(.verified(token, claims.allSatisfy { memo.holds($0) }), at: index)
      case .judge(_, let records, _, let token):
        let refused = records.first { refusedKinds.contains($0.kind) && !seats[index].isFaulty }
        let judgement: LedgerConsensus.Judgement =
          refused.map { .refused(number: $0.number, reason: $0.kind) } ?? .accepted
        following.append { $0.step(index, .judged(token, judgement)) }
      case .elected(_, let opening):
        // As the engine does: at once, so that the term begins with it.
        following.append { council in
          guard council.seats[index].core.mayOpen(opening.election.body.term, of: council.id) else { return }
          council.append(TermOpened.kind, opening, at: index)
        }
      case .decided(_, let through): decide(through, at: index)
      case .contradicted(_, let number): if !seats[index].isFaulty { finding("seat \(index) halts at \(number)") }
      case .dropping(let reason, _, _): drops[reason.code, default: 0] += 1
      case .conflict: conflicts += 1
      case .setBack: setBacks += 1
      case .dropped, .termChanged, .refused: break
      }
    }
    if !writes.isEmpty {
      // Transactions become durable in order.
      let sync =
        now.uptime
        + .microseconds(
          Int64.random(in: Int64(syncMicroseconds.lowerBound)...Int64(syncMicroseconds.upperBound), using: &random))
      seats[index].writesUntil = max(sync, seats[index].writesUntil + .microseconds(1))
      heap.add(.durable(index, generation: seats[index].generation, writes), at: seats[index].writesUntil)
    }
    for next in following { next(self) }
  }

  private var memo = SignatureMemo()

  private func later(_ input: LedgerConsensus.Input, at index: Int) {
    let delay = Duration.microseconds(Int64.random(in: 20...500, using: &random))
    heap.add(.input(input, at: index, generation: seats[index].generation), at: now.uptime + delay)
  }

  private func send(_ message: ConsensusMessage, from index: Int, to node: NodeID) {
    told { try $0.sent(message, by: self.node(index)) }
    // Of twins, the peer has a link to one.
    for to in seats.indices where ledger.nodes[seats[to].key].id == node {
      guard let link = links[index][to] else { continue }
      for sent in tamper[index]?(to, message) ?? [message] {
        // A link keeps the order.
        let delay = Duration.microseconds(Int64.random(in: delayMicroseconds, using: &random))
        let at = max(now.uptime + delay, (ordered[[index, to]] ?? .zero) + .nanoseconds(1))
        ordered[[index, to]] = at
        heap.add(.deliver(sent, from: index, to: to, link: link), at: at)
      }
    }
  }

  private var ordered: [[Int]: Duration] = [:]

  /// Something of a liar's own making.
  func inject(_ message: ConsensusMessage, from index: Int, to: Int) {
    guard let link = links[index][to] else { return }
    heap.add(.deliver(message, from: index, to: to, link: link), at: now.uptime + .milliseconds(1))
  }

  private func apply(_ writes: [(WriteToken, [LedgerWrite])], at index: Int) {
    for (_, changes) in writes {
      for change in changes {
        told { try $0.wrote(change, at: node(index)) }
        // An engine acts upon a decision once the transaction that holds it is durable.
        if case .decision(let certificate) = change {
          told { $0.decided(through: certificate.body.number, certificate.body.head, by: node(index)) }
        }
      }
      for change in changes { apply(change, at: index) }
    }
    for (token, _) in writes { step(index, .durable(token)) }
  }

  private func apply(_ change: LedgerWrite, at index: Int) {
    switch change {
    case .entry(let entry):
      let held = seats[index].disk.entries.count
      if entry.number != held + 1 { finding("seat \(index): entry \(entry.number) after \(held) on disk") }
      seats[index].disk.entries.append(entry)
    case .proposal(let proposal): seats[index].disk.proposals.append(proposal)
    case .dropped(_, let after):
      if after < seats[index].disk.decision?.body.number ?? 0 { finding("seat \(index): a decided entry dropped") }
      seats[index].disk.entries.removeSubrange(after...)
      seats[index].disk.proposals.removeAll { $0.proposal.last > after }
    case .ballot(_, let ballot): seats[index].disk.ballot = ballot
    case .prepared(let certificate): seats[index].disk.prepared = certificate
    case .decision(let certificate): seats[index].disk.decision = certificate
    }
  }

  // MARK: Clients

  func submit(_ text: String, at index: Int) {
    guard seats[index].isUp else { return }
    seats[index].pending.append((text, now))
  }

  private func serveRequests(of index: Int) {
    guard let office = seats[index].core.office(of: id), office.promised == office.term else { return }
    for (text, _) in seats[index].pending.prefix(16) {
      for to in seats.indices where ledger.nodes[seats[to].key].id == office.coordinator {
        guard to == index || links[index][to] != nil && !stalled.contains([index, to]) else { continue }
        heap.add(.request(text, at: to), at: now.uptime + .milliseconds(1))
      }
    }
  }

  /// What a coordinator leaves undecided for one member becomes everybody's request, as engines do with submissions.
  private func shareOverdue(of index: Int) {
    guard !seats[index].isFaulty else { return }
    for (text, since) in seats[index].pending.prefix(16) where now.uptime - since.uptime > .seconds(2) {
      for other in seats.indices
      where other != index && links[index][other] != nil && seats[other].isUp && !seats[other].isFaulty
        && !seats[other].pending.contains(where: { $0.text == text })
      {
        seats[other].pending.append((text, now))
      }
    }
  }

  private func arrive(_ text: String, at index: Int) {
    guard seats[index].isUp, !seats[index].isPaused, seats[index].core.isInOffice(id) else { return }
    guard let head = seats[index].core.head(of: id) else { return }
    for number in stride(from: head.number, to: 0, by: -1)
    where seats[index].core.entry(number, of: id)?.record.body["text"]?.stringValue == text { return }
    append(seats[index].isFaulty ? brokenKind ?? "note.added" : "note.added", ["text": text], at: index)
  }

  func append(_ kind: String, _ body: some Encodable, at index: Int) {
    guard let bytes = try? CanonicalJSON.encode(body), let json = try? CanonicalJSON.parse(bytes, limit: 65_536)
    else { return finding("a body that cannot be written") }
    var effects: LedgerConsensus.Effects = []
    do {
      _ = try seats[index].core.append(kind: kind, body: json, to: id, at: now, into: &effects)
    } catch {
      finding("seat \(index) cannot append \(kind): \(error)")
    }
    carryOut(effects, at: index)
  }

  private func decide(_ through: Int, at index: Int) {
    guard !seats[index].isFaulty else { return }
    let from = seats[index].decided + 1
    if through < seats[index].decided { finding("seat \(index): decided went back to \(through)") }
    seats[index].decided = through
    for number in stride(from: from, through: through, by: 1) {
      guard let entry = seats[index].core.entry(number, of: id) else {
        finding("seat \(index) decided \(number) and has it not")
        continue
      }
      if let known = agreed[number] {
        if known.hash != entry.hash {
          finding("seat \(index) decided \(entry) at \(number), seat \(known.by) \(known.hash.short)")
        }
        continue
      }
      agreed[number] = (entry.hash, index)
      if let text = entry.record.body["text"]?.stringValue {
        if let other = decidedTexts[text] { finding("\(text) is decided at \(other) and \(number)") }
        decidedTexts[text] = number
      }
    }
    seats[index].pending.removeAll { decidedTexts[$0.text] != nil }
  }

  func finding(_ text: String) {
    if findings.count < 100 { findings.append("\(now.uptime - .seconds(100)): \(text)") }
  }

  // MARK: Links and processes

  func link(_ left: Int, _ right: Int) {
    guard left != right, links[left][right] == nil, seats[left].isUp, seats[right].isUp else { return }
    nextLink += 1
    links[left][right] = nextLink
    links[right][left] = nextLink
    step(left, .linkOpened(ledger.nodes[seats[right].key].id))
    step(right, .linkOpened(ledger.nodes[seats[left].key].id))
  }

  /// What was under way is lost.
  func unlink(_ left: Int, _ right: Int) {
    guard links[left][right] != nil else { return }
    links[left][right] = nil
    links[right][left] = nil
    if seats[left].isUp { step(left, .linkClosed(ledger.nodes[seats[right].key].id)) }
    if seats[right].isUp { step(right, .linkClosed(ledger.nodes[seats[left].key].id)) }
  }

  /// Links exactly those pairs of seats; of twins, each of the others has a link to one.
  func connect(_ joined: (Int, Int) -> Bool) {
    for left in seats.indices {
      for right in seats.indices where left < right && seats[left].key != seats[right].key {
        if joined(left, right), !isTaken(left, right), !isTaken(right, left) {
          link(left, right)
        } else {
          unlink(left, right)
        }
      }
    }
  }

  /// Whether the other twin of `right` is the one to which `left` has its link.
  private func isTaken(_ left: Int, _ right: Int) -> Bool {
    guard let twin = seats.indices.first(where: { $0 != right && seats[$0].key == seats[right].key }) else {
      return false
    }
    return (seats[left].key % 2 == 0) != (right < twin)
  }

  /// Loses everything that was not durable.
  func crash(_ index: Int) {
    guard seats[index].isUp else { return }
    for other in seats.indices { unlink(index, other) }
    seats[index].isUp = false
    witness?.judge.crashed(node(index).digest.bytes)
    seats[index].isPaused = false
    seats[index].backlog = []
    seats[index].generation += 1
  }

  func restart(_ index: Int) {
    guard !seats[index].isUp else { return }
    seats[index].isUp = true
    witness?.judge.restarted(node(index).digest.bytes)
    seats[index].core = core(seats[index].key, isNewestCopy: seats[index].isNewestCopy)
    seats[index].writesUntil = now.uptime
    begin(index)
  }

  func pause(_ index: Int) { if seats[index].isUp { seats[index].isPaused = true } }

  func resume(_ index: Int) {
    guard seats[index].isPaused else { return }
    seats[index].isPaused = false
    let backlog = seats[index].backlog
    seats[index].backlog = []
    for event in backlog { heap.add(event, at: now.uptime) }
  }
}
