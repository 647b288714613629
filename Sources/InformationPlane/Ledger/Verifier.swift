public import Model
internal import Sodium

/// Checks one ledger from its own bytes alone: links, signatures, rules, and its end against signed heads.
///
/// Entries go in by place, each proposal after its last entry. It holds the entries of one batch, not the ledger.
public struct Verifier: Sendable {
  /// The most entries held while no proposal covers them; older ones are judged by their links alone.
  public static let openLimit = 4_096
  /// Findings past this many are not kept: such a ledger is not worth reading further.
  public static let findingLimit = 10_000
  /// Where an entry can lie.
  private static let numbers = 1...Int(JSON.integerLimit)

  /// A place of the ledger, or a run of places at which nothing lies.
  private struct Place: Sendable {
    let numbers: ClosedRange<Int>
    /// nil for bytes that are no entry, and for a run of missing ones.
    let entry: Entry?

    var number: Int { numbers.lowerBound }
  }

  private let collaboration: CollaborationID
  private var rules: any Rules
  private var rulesHold = true
  private var keys = RosterKeys()
  private var opening: Opening?
  private var voters: VoterHistory?
  /// Who coordinated each term that began, by an election that holds.
  private var coordinators: [Int: NodeID] = [:]
  private var term = 1
  /// The last place at which its own entry lies.
  private var newest = 0
  private var decision: CommitCertificate?
  private var decidedThrough = 0
  /// Under which configuration the entry stands that the decision names.
  private var decidedUnder: Digest?
  /// Places after the last covered one, in order.
  private var open: [Place] = []
  private var covered = 0
  /// The last covered entry's hash, nil when that entry is not the one that was signed.
  private var coveredHead: Digest?
  private var last = 0
  private var head: Digest
  private var entryCount = 0
  private var proposalCount = 0
  private var anchors: [Anchor]
  /// The hashes at places that anchors name.
  private var anchored: [Int: Digest] = [:]
  private var findings: [Finding] = []
  /// Places where nothing lies, until the next entry ends them: one finding, however many they are.
  private var gap: ClosedRange<Int>?

  public init(_ collaboration: CollaborationID, rules: any Rules = NoRules(), anchors: [Anchor] = []) {
    self.collaboration = collaboration
    self.rules = rules
    // One signed head may be kept at several places; outside of the ledger it proves more.
    var known: [StatementID: Anchor] = [:]
    for anchor in anchors where anchor.collaboration == collaboration {
      let id = anchor.signed.id
      if known[id].map({ !$0.isOutside && anchor.isOutside }) ?? true { known[id] = anchor }
    }
    self.anchors = known.keys.sorted().compactMap { known[$0] }
    head = collaboration.digest
    coveredHead = collaboration.digest
  }

  /// Takes what is stored at the next place.
  ///
  /// - Returns: the entry that the bytes are, whatever is wrong with it; nil when they are none.
  @discardableResult
  public mutating func take(_ bytes: [UInt8], at number: Int) -> Entry? {
    entryCount += 1
    guard Self.numbers.contains(number) else {
      find(number, .misplaced, "a place from 1 to \(Self.numbers.upperBound)", "an entry at \(number)")
      return nil
    }
    miss(through: number - 1)
    endGap()
    last = number
    let entry: Entry
    do {
      entry = try Entry(bytes: bytes)
    } catch {
      find(number, .unreadable, "a canonical entry", "\(error)")
      open.append(Place(numbers: number...number, entry: nil))
      rulesHold = false
      return nil
    }
    head = entry.hash
    if entry.number != number {
      find(number, .misplaced, "entry \(number)", "entry \(entry.number)")
      if let before = open.last, before.entry?.number == entry.number, before.number == entry.number {
        find(before.number, .contested, "one entry", "another at place \(number)")
      }
    }
    if entry.collaboration != collaboration {
      find(number, .misplaced, "collaboration \(collaboration)", "collaboration \(entry.collaboration)")
    }
    if number == 1 { found(on: entry) }
    // Before the votes of a term are checked: who joined before it may be among the voters.
    for problem in keys.take(entry) { find(number, .foundation, "a certificate that holds", problem) }
    if entry.number == number, entry.collaboration == collaboration {
      let follows = newest == number - 1
      newest = number
      checkTerm(of: entry, follows: follows)
      checkVoters(of: entry, follows: follows)
    }
    if number == decision?.body.number { decidedUnder = entry.configuration }
    if anchors.contains(where: { $0.number == number }) { anchored[number] = entry.hash }
    judge(entry)
    open.append(Place(numbers: number...number, entry: entry))
    if open.count > Self.openLimit {
      settleByLinks(through: open[open.count - Proposal.countLimit - 1].numbers.upperBound, trusted: nil)
    }
    return entry
  }

  /// Takes a stored proposal, after all entries up to its last.
  public mutating func take(_ signed: SignedStatement) {
    proposalCount += 1
    let proposal: SignedProposal
    do {
      proposal = try SignedProposal(signed)
    } catch {
      return find(covered + 1, .proposal, "a proposal", "\(error)")
    }
    let body = proposal.proposal
    // Without its first entry nobody can say who may sign for a ledger; that entry's finding says so.
    guard let opening else {
      miss(through: body.last)
      return settleByLinks(through: body.last, trusted: nil)
    }
    // Of a term whose opening is damaged, that finding says more.
    let coordinator = coordinators[body.term] ?? proposal.author
    guard proposal.collaboration == collaboration, proposal.author == coordinator else {
      return find(body.first, .proposal, "the coordinator's", "\(proposal.author) in \(proposal.collaboration)")
    }
    guard opening.network == nil || signed.statement.network == opening.network else {
      return find(body.first, .proposal, "the collaboration's network", signed.statement.network.hexadecimal)
    }
    guard let key = keys.key(of: proposal.author, epoch: signed.statement.epoch), signed.verifies(with: key) else {
      return find(body.last, .signature, "the coordinator's over \(body.first) to \(body.last)", "none that holds")
    }
    // What the coordinator signed was there.
    miss(through: body.last)
    guard body.first == covered + 1 else {
      find(body.first, .proposal, "a batch that begins at entry \(covered + 1)", "\(body.first) to \(body.last)")
      guard body.first > covered else { return }
      leaveUnproposed(through: body.first - 1)
      return cover(body)
    }
    cover(body)
  }

  /// Takes the certificate of the newest decision, before any entry: all up to its own is decided.
  public mutating func take(decision certificate: CommitCertificate) {
    decision = certificate
    // What lies in the file itself proves no end, but a cut below it shows.
    for signed in (try? certificate.statements()) ?? [] { anchors.append(Anchor(certificate, signed)) }
  }

  /// Notes that the certificate of the newest decision cannot be read.
  public mutating func takeUnreadableDecision(of number: Int, reason: String) {
    find(max(number, 1), .decision, "a commit certificate", reason)
  }

  /// Takes a proposal whose stored form is no statement at all.
  public mutating func takeUnreadableProposal(last number: Int, reason: String) {
    proposalCount += 1
    find(number, .proposal, "a signed proposal", reason)
  }

  /// Notes what a reader found wrong beside the bytes.
  public mutating func note(_ finding: Finding) {
    if findings.count < Self.findingLimit { findings.append(finding) }
  }

  /// Ends the ledger.
  ///
  /// - Parameter expectedCount: how many entries the reader was told there are.
  public mutating func finish(expectedCount: Int? = nil) -> VerificationReport {
    if let expectedCount, expectedCount != entryCount {
      find(last + 1, .missing, "\(expectedCount) entries", "\(entryCount)")
    }
    endGap()
    leaveUnproposed(through: last)
    checkDecision()
    let tail = checkAnchors()
    let sorted = findings.enumerated().sorted { ($0.element.number, $0.offset) < ($1.element.number, $1.offset) }
    return VerificationReport(
      collaboration: collaboration, coordinator: opening?.coordinator, entries: entryCount,
      proposals: proposalCount, decided: decidedThrough, head: head, tail: tail, findings: sorted.map(\.element))
  }

  private mutating func find(_ number: Int, _ what: Finding.What, _ expected: String, _ found: String) {
    note(Finding(number: number, what: what, expected: expected, found: found))
  }

  /// Notes that nothing lies at the places after the last one.
  private mutating func miss(through number: Int) {
    guard number > last else { return }
    open.append(Place(numbers: last + 1...number, entry: nil))
    gap = (gap?.lowerBound ?? last + 1)...number
    last = number
    // The fold cannot go on past an entry that is not there, nor can links: the others are judged by themselves.
    rulesHold = false
  }

  private mutating func endGap() {
    guard let range = gap else { return }
    gap = nil
    let places =
      range.lowerBound == range.upperBound
      ? "entry \(range.lowerBound)" : "entries \(range.lowerBound) to \(range.upperBound)"
    find(range.lowerBound, .missing, places, "nothing")
  }

  private mutating func found(on entry: Entry) {
    if entry.previous != collaboration.digest {
      find(1, .link, collaboration.hexadecimal, entry.previous.hexadecimal)
    }
    do {
      let opening = try Opening(entry)
      self.opening = opening
      voters = VoterHistory(opening.configuration)
      coordinators[1] = opening.coordinator
    } catch {
      find(1, .foundation, "the opening of a round", "\(error)")
    }
  }

  /// A term begins with the entry that proves its election, and never goes back.
  private mutating func checkTerm(of entry: Entry, follows: Bool) {
    guard entry.term != term || entry.kind == TermOpened.kind else { return }
    guard entry.term > term else {
      let expected = entry.term < term ? "term \(term) or later" : "the opening of a later term than \(term)"
      return find(entry.number, .election, expected, "\(entry.kind) of term \(entry.term)")
    }
    term = entry.term
    // What opened the term may be what is missing or unreadable before it, and a finding already.
    if !follows, entry.kind != TermOpened.kind { return }
    do throws(LedgerError) {
      let opened = try TermOpened(entry)
      // Voters are those at the place that the election continues.
      guard !follows || opened.election.body.configuration == voters?.inForce.hash else {
        throw .statement("votes of another configuration than the one in force")
      }
      try check(opened.election, of: opened.election.body.configuration)
      coordinators[entry.term] = opened.coordinator
    } catch {
      find(entry.number, .election, "an election that holds", "\(error)")
    }
  }

  /// Each entry stands under the configuration that those before it make, and new voters take over by proof only.
  private mutating func checkVoters(of entry: Entry, follows: Bool) {
    guard entry.number > 1, voters != nil else { return }
    do throws(LedgerError) {
      guard let proof = try voters?.take(entry, follows: follows) else { return }
      try check(proof, of: proof.body.configuration)
    } catch {
      find(entry.number, .membership, "the voters in force", "\(error)")
    }
  }

  /// - Throws: `LedgerError.statement` when it proves nothing under the voters of this ledger.
  private func check<Body>(_ certificate: Certificate<Body>, of configuration: Digest) throws(LedgerError) {
    guard let opening, let voters else { throw .statement("nobody knows the voters") }
    guard certificate.collaboration == collaboration, opening.network.map({ $0 == certificate.network }) ?? true else {
      throw .statement("a certificate of another collaboration or network")
    }
    guard let configuration = voters.configuration(configuration) else {
      throw .statement("a certificate of a configuration that was never in force")
    }
    if let flaw = certificate.flaw(in: configuration) { throw .statement(flaw) }
    for signed in try certificate.statements() {
      let author = signed.statement.author
      guard let key = keys.key(of: author, epoch: signed.statement.epoch), signed.verifies(with: key) else {
        throw .statement("the signature of \(author.short) does not hold")
      }
    }
  }

  private mutating func checkDecision() {
    guard let decision, opening != nil else { return }
    do throws(LedgerError) {
      guard decidedUnder.map({ $0 == decision.body.configuration }) ?? true else {
        throw .statement("of another configuration than its entry")
      }
      try check(decision, of: decision.body.configuration)
      // Where it names another entry than the one that lies there, its anchor says so.
      if anchored[decision.body.number] == decision.body.head { decidedThrough = decision.body.number }
    } catch {
      find(decision.body.number, .decision, "a commit certificate that holds", "\(error)")
    }
  }

  private mutating func judge(_ entry: Entry) {
    // The fold cannot go on past an entry that it refuses.
    guard rulesHold else { return }
    do {
      try rules.apply(entry.record)
    } catch {
      rulesHold = false
      find(entry.number, .rules, "what the contract allows", "\(error)")
    }
  }

  /// Marks places as signed by the coordinator, after checking them against the signed head.
  private mutating func cover(_ body: Proposal) {
    for place in open where place.number <= body.last {
      guard let entry = place.entry, entry.term != body.term || entry.configuration != body.configuration else {
        continue
      }
      find(
        place.number, .proposal, "term \(entry.term), configuration \(entry.configuration)",
        "term \(body.term), configuration \(body.configuration)")
    }
    settleByLinks(through: body.last, trusted: body.head)
  }

  private mutating func leaveUnproposed(through number: Int) {
    guard number > covered else { return }
    find(covered + 1, .unproposed, "a valid proposal", "none for entries \(covered + 1) to \(number)")
    settleByLinks(through: number, trusted: nil)
  }

  /// Takes the oldest open places, up to a number.
  private mutating func takeOpen(through number: Int) -> [Place] {
    var places = Array(open.prefix { $0.number <= number })
    open.removeFirst(places.count)
    if let gap = places.last, gap.numbers.upperBound > number {
      places[places.count - 1] = Place(numbers: gap.number...number, entry: nil)
      open.insert(Place(numbers: number + 1...gap.numbers.upperBound, entry: nil), at: 0)
    }
    return places
  }

  /// Checks the oldest open places backwards, from the one that a signature names: each entry names its predecessor's
  /// hash, so the first that does not fit is the one that was changed.
  private mutating func settleByLinks(through number: Int, trusted: Digest?) {
    let places = takeOpen(through: number)
    var expected = trusted
    var namedByChanged = false
    for place in places.reversed() {
      guard let entry = place.entry else {
        expected = nil
        continue
      }
      let isChanged = expected.map { $0 != entry.hash } ?? false
      if let hash = expected, isChanged, entry.number == place.number {
        // A changed entry's word accuses nobody but itself.
        if namedByChanged {
          find(place.number + 1, .link, entry.hash.hexadecimal, hash.hexadecimal)
        } else {
          find(place.number, .changed, hash.hexadecimal, entry.hash.hexadecimal)
        }
      }
      namedByChanged = isChanged && !namedByChanged
      // The bytes of an entry from another place say nothing about this one's predecessor.
      expected = entry.number == place.number ? entry.previous : nil
    }
    if let first = places.first, first.number > 1, let expected, let before = coveredHead, expected != before {
      find(first.number, .link, before.hexadecimal, expected.hexadecimal)
    }
    guard let end = places.last else { return }
    covered = end.numbers.upperBound
    coveredHead = trusted ?? end.entry?.hash
  }

  private mutating func checkAnchors() -> VerificationReport.Tail {
    if last == 0, let highest = anchors.max(by: { $0.number < $1.number }) {
      // The keys stood in the entries, so the head cannot be checked; that somebody keeps one says enough.
      let author = highest.signed.statement.author
      find(1, .cut, "entries up to \(highest.number), signed by \(author)", "no entry at all")
      return .unproven
    }
    // The finding at the first entry leads: without it heads prove nothing.
    guard opening != nil else { return .unproven }
    var proven: [Int: Set<NodeID>] = [:]
    var known: Set<Finding> = []
    for anchor in anchors.sorted(by: { ($0.number, $0.signed.id) < ($1.number, $1.signed.id) }) {
      let author = anchor.signed.statement.author
      guard let key = keys.key(of: author, epoch: anchor.signed.statement.epoch), anchor.signed.verifies(with: key)
      else {
        find(anchor.number, .signature, "a signed head", "\(author.short)'s does not hold")
        continue
      }
      if anchor.number > last {
        let finding = Finding(
          number: last + 1, what: .cut, expected: "entries up to \(anchor.number), signed by \(author)",
          found: "the end after entry \(last)")
        if known.insert(finding).inserted { note(finding) }
      } else if let found = anchored[anchor.number], found != anchor.head {
        let finding = Finding(
          number: anchor.number, what: .contradicted, expected: "\(anchor.head), signed by \(author)",
          found: found.hexadecimal)
        if known.insert(finding).inserted { note(finding) }
      } else if anchored[anchor.number] == nil {
        // Missing or unreadable, and a finding already.
        continue
      } else if anchor.isOutside {
        proven[anchor.number, default: []].insert(author)
      }
    }
    guard let highest = proven.keys.max(), let authors = proven[highest]?.sorted() else { return .unproven }
    return highest == last ? .proven(by: authors) : .provenThrough(number: highest, by: authors)
  }
}
