import Contract
import Coordination
import Model
import Overlay
import RoundFixtures

// What members put on a ledger. Bodies stand here without signatures, which are made afterwards: a hostile member signs
// whatever it likes.
extension ByteDecoder {
  static let contractDecoders = [
    ByteDecoder("record", byteLimit: 1 << 16, record),
    ByteDecoder("state", byteLimit: 1 << 16, state),
    ByteDecoder("task-specification", byteLimit: 1 << 16, taskSpecification),
  ]

  @Sendable private static func taskSpecification(_ bytes: [UInt8]) throws(BrokenLaw) -> Bool {
    guard let specification = try? CanonicalJSON.decode(TaskSpecification.self, from: bytes, limit: bytes.count) else {
      return false
    }
    try BrokenLaw.require((try? CanonicalJSON.encode(specification)) == bytes, "it is written otherwise")
    _ = (specification.objects, specification.inputs(ofSubtask: 0), specification.split.count)
    return true
  }

  /// The head of a state as a disk has it, without tasks.
  @Sendable private static func state(_ bytes: [UInt8]) throws(BrokenLaw) -> Bool {
    var kept = KeptParts()
    let parts = [CollaborationState.headPart: bytes]
    guard var state = try? CollaborationState(parts: parts, digest: Digest(of: bytes), kept: &kept) else {
      return false
    }
    try BrokenLaw.require((try? state.parts(beyond: &kept).map(\.bytes)) == [bytes], "it is written otherwise")
    return true
  }

  /// The first record opens a round, all others continue one.
  @Sendable private static func record(_ bytes: [UInt8]) throws(BrokenLaw) -> Bool {
    guard let json = try? CanonicalJSON.parse(bytes, limit: bytes.count), let kind = json["kind"]?.stringValue,
      let body = json["body"], let time = json["timeMilliseconds"]?.integerValue, time >= 0
    else { return false }
    if kind == RoundOpened.kind { return OpenRound.opens(body, at: time) }
    guard let signed = OpenRound.fixed.signed(body) else { return false }
    let before = OpenRound.fixed.round.state
    var state = before
    do {
      try state.apply(
        LedgerRecord(number: before.lastEntry + 1, term: 1, timeMilliseconds: time, kind: kind, body: signed))
      return true
    } catch {
      try BrokenLaw.require(state == before, "a refused record changed the collaboration")
      return false
    }
  }
}

/// A round with one task, some of whose subtasks are assigned.
struct OpenRound: Sendable {
  /// Made of fixed keys and numbers, which cannot be refused.
  static let fixed: OpenRound = {
    do {
      return try OpenRound()
    } catch {
      preconditionFailure("no round: \(error)")
    }
  }()

  let round: Round
  let task: TaskID

  private init() throws {
    var round = try Round()
    task = try round.submit(subtasks: 10)
    try round.assign(task, [AttemptRange(first: 0, count: 3, number: 1)], to: 1)
    self.round = round
  }

  /// Puts signatures on the bodies in a record's body, by who says such things: the coordinator or a participant.
  ///
  /// - Returns: nil when one of them is none.
  func signed(_ body: JSON) -> JSON? {
    guard case .object(var members) = body else { return body }
    var offer = StatementID(.zero)
    if let given = members["offer"] {
      guard let signed = sign(Offer.self, given, by: 0) else { return nil }
      offer = signed.id
      members["offer"] = try? CanonicalJSON.json(of: signed)
    }
    if let given = members["answer"] {
      // It names the offer by a hash that nobody can guess.
      guard var answer = try? CanonicalJSON.decode(OfferAnswer.self, from: given) else { return nil }
      answer.offer = OfferID(offer.digest)
      members["answer"] = (try? round.identities[1].sign(answer, collaboration: round.id)).flatMap {
        try? CanonicalJSON.json(of: $0)
      }
    }
    if let given = members["submission"] {
      guard let signed = sign(Submission.self, given, by: 0) else { return nil }
      members["submission"] = try? CanonicalJSON.json(of: signed)
    }
    if let given = members["report"] {
      guard let signed = sign(ResultReport.self, given, by: 1) else { return nil }
      members["report"] = try? CanonicalJSON.json(of: signed)
    }
    return .object(members)
  }

  private func sign<Body: StatementBody>(_ type: Body.Type, _ json: JSON, by index: Int) -> SignedStatement? {
    guard let body = try? CanonicalJSON.decode(type, from: json) else { return nil }
    return try? round.identities[index].sign(body, collaboration: round.id)
  }

  /// Whether a body opens a round, after those of its members that are known have signed it.
  static func opens(_ body: JSON, at time: Int64) -> Bool {
    guard var opening = try? CanonicalJSON.decode(RoundOpened.self, from: body), let id = try? opening.charter.id(),
      let agreement = try? Agreement(
        charter: opening.charter, contract: opening.contract, roster: opening.roster, round: opening.round
      ).hash()
    else { return false }
    let identities = fixed.round.identities
    opening.signatures = opening.roster.members.compactMap { member in
      try? identities.first { $0.node == member.node }?
        .sign(RosterSignature(agreement: agreement, call: StatementID(.zero)), collaboration: id)
    }
    guard let made = try? CanonicalJSON.json(of: opening) else { return false }
    let record = LedgerRecord(number: 1, term: 1, timeMilliseconds: time, kind: RoundOpened.kind, body: made)
    return (try? CollaborationState(id: id, opening: record)) != nil
  }
}
