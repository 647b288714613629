import Ledger

@testable import Contract
@testable import Model
@testable import Overlay

extension ByteDecoder {
  static let modelDecoders = [
    ByteDecoder("canonical-json", byteLimit: 1 << 16, canonicalJSON),
    ByteDecoder("any-json", byteLimit: 1 << 16, anyJSON),
    ByteDecoder("statement", byteLimit: 1 << 16, statement),
    ByteDecoder("signed-statement", byteLimit: 1 << 16, signedStatement),
    ByteDecoder("entry", byteLimit: 1 << 16, entry),
    ByteDecoder("attempt-id", byteLimit: 1 << 10, attemptID),
  ]

  /// The one-pass reader takes exactly what the other reader's value is written as.
  @Sendable private static func canonicalJSON(_ bytes: [UInt8]) throws(BrokenLaw) -> Bool {
    let value = CanonicalParser.value(of: bytes)
    let other = try? CanonicalJSON.parseAnyForm(bytes, limit: bytes.count)
    let isCanonical = other.map { CanonicalJSON.encode($0) == bytes } ?? false
    try BrokenLaw.require((value != nil) == isCanonical, "the two readers differ on whether it is canonical")
    if let value { try BrokenLaw.require(CanonicalJSON.encode(value) == bytes, "it is written otherwise") }
    let parsed = try? CanonicalJSON.parse(bytes, limit: bytes.count)
    try BrokenLaw.require((parsed != nil) == isCanonical, "what is not canonical was taken, or the reverse")
    return isCanonical
  }

  @Sendable private static func anyJSON(_ bytes: [UInt8]) throws(BrokenLaw) -> Bool {
    guard let value = try? CanonicalJSON.parseAnyForm(bytes, limit: bytes.count) else { return false }
    let written = CanonicalJSON.encode(value)
    let again = try? CanonicalJSON.parse(written, limit: written.count)
    try BrokenLaw.require(again.map(CanonicalJSON.encode) == written, "its canonical form is not canonical")
    return true
  }

  @Sendable private static func statement(_ bytes: [UInt8]) throws(BrokenLaw) -> Bool {
    guard let statement = try? Statement(bytes: bytes) else { return false }
    try BrokenLaw.require(CanonicalJSON.encode(statement.json) == bytes, "the frame is written otherwise")
    try StatementLaws.check(statement)
    return true
  }

  @Sendable private static func signedStatement(_ bytes: [UInt8]) throws(BrokenLaw) -> Bool {
    guard let signed = try? CanonicalJSON.decode(SignedStatement.self, from: bytes, limit: bytes.count) else {
      return false
    }
    try BrokenLaw.require((try? CanonicalJSON.encode(signed)) == bytes, "it is written otherwise")
    _ = try? EpochCertificate(checking: signed)
    return true
  }

  @Sendable private static func entry(_ bytes: [UInt8]) throws(BrokenLaw) -> Bool {
    guard let entry = try? Entry(bytes: bytes) else { return false }
    let again = try? Entry(
      entry.record, collaboration: entry.collaboration, configuration: entry.configuration, previous: entry.previous)
    try BrokenLaw.require(again?.bytes == bytes, "it is written otherwise")
    var keys = RosterKeys()
    _ = keys.take(entry)
    try opening(entry)
    return true
  }

  /// What a term begins with is written again as it was.
  private static func opening(_ entry: Entry) throws(BrokenLaw) {
    guard let opened = try? TermOpened(entry) else { return }
    try BrokenLaw.require(
      (try? CanonicalJSON.json(of: opened)) == entry.record.body, "the opening of a term is written otherwise")
  }

  @Sendable private static func attemptID(_ bytes: [UInt8]) throws(BrokenLaw) -> Bool {
    guard let text = String(validating: bytes, as: UTF8.self), let id = AttemptID(text) else { return false }
    try BrokenLaw.require(Array(id.description.utf8) == bytes, "an attempt's id has two spellings")
    return true
  }
}

/// What the bodies of statements must keep, by purpose.
enum StatementLaws {
  static func check(_ statement: Statement) throws(BrokenLaw) {
    switch statement.purpose {
    case EpochCertificate.purpose: _ = try body(EpochCertificate.self, of: statement)
    case Grant.purpose: _ = try body(Grant.self, of: statement)
    case MemberRecord.purpose: try? body(MemberRecord.self, of: statement)?.checkLimits()
    case Announcement.purpose: _ = try body(Announcement.self, of: statement)
    case Accusation.purpose: _ = try body(Accusation.self, of: statement)
    case Refutation.purpose: _ = try body(Refutation.self, of: statement)
    case Proposal.purpose:
      _ = try body(Proposal.self, of: statement)
      _ = try? SignedProposal(SignedStatement(statement, signature: Cast.fixed.signature)).numbers
    case Acknowledgement.purpose:
      _ = try body(Acknowledgement.self, of: statement)
      _ = try? SignedAcknowledgement(SignedStatement(statement, signature: Cast.fixed.signature))
    default: try checkElection(statement)
    }
  }

  private static func checkElection(_ statement: Statement) throws(BrokenLaw) {
    switch statement.purpose {
    case Confirmation.purpose: _ = try body(Confirmation.self, of: statement)
    case PreVote.purpose: _ = try body(PreVote.self, of: statement)
    case Vote.purpose:
      guard let vote = try body(Vote.self, of: statement) else { return }
      let signed = SignedStatement(statement, signature: Cast.fixed.signature)
      guard let certificate = try? ElectionCertificate(vote, [signed]) else { return }
      try BrokenLaw.require((try? certificate.statements()) == [signed], "a certificate holds another statement")
    case ElectionCall.purpose: _ = try body(ElectionCall.self, of: statement)
    case ElectionTransfer.purpose: _ = try body(ElectionTransfer.self, of: statement)
    default: try checkContract(statement)
    }
  }

  private static func checkContract(_ statement: Statement) throws(BrokenLaw) {
    switch statement.purpose {
    case Call.purpose:
      guard let call = try body(Call.self, of: statement) else { return }
      _ = call.contract.disorder
      _ = call.needs.isBounded
    case CallAnswer.purpose:
      guard let answer = try body(CallAnswer.self, of: statement) else { return }
      switch answer.verdict {
      case .join(let member): _ = member.disorder
      case .decline: break
      case .counter(let contract, let member, _): _ = (contract.disorder, contract.refusal(of: member))
      }
    case RosterProposal.purpose:
      guard let proposal = try body(RosterProposal.self, of: statement) else { return }
      _ = (proposal.contract.disorder, proposal.roster.members.map(\.disorder))
      _ = try? proposal.agreement.hash()
      _ = try? proposal.roster.configuration(
        founder: proposal.charter.founder, votersAtMost: proposal.contract.election.votersAtMost)
    case RosterSignature.purpose: _ = try body(RosterSignature.self, of: statement)
    case Submission.purpose:
      guard let submission = try body(Submission.self, of: statement) else { return }
      if submission.disorder == nil { _ = submission.totalSubtasks }
    case Offer.purpose:
      guard let offer = try body(Offer.self, of: statement) else { return }
      _ = (AttemptRange.count(offer.attempts), offer.attempts.map(\.subtasks))
    case OfferAnswer.purpose: _ = try body(OfferAnswer.self, of: statement)
    case ResultReport.purpose: _ = try body(ResultReport.self, of: statement)?.results.map(\.disorder)
    case ProgressReport.purpose: _ = try body(ProgressReport.self, of: statement)
    default: break
    }
  }

  /// The body; nil when it is none of its type.
  private static func body<Body: StatementBody>(
    _ type: Body.Type, of statement: Statement
  ) throws(BrokenLaw) -> Body? {
    guard let body = try? statement.decode(type) else { return nil }
    let written = try? CanonicalJSON.encode(body)
    try BrokenLaw.require(written == CanonicalJSON.encode(statement.body), "a body of \(type) is written otherwise")
    return body
  }
}
