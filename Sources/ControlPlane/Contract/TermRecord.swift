public import Model

/// A term that began, as its first entry says it. Whether the votes in it hold is for consensus and the verifier to say;
/// the contract looks at who coordinates from here on.
public struct TermRecord: Codable, Hashable, Sendable {
  public static let kind = "term.opened"

  public let term: Int
  public let coordinator: NodeID
  public let entry: Int
  public let timeMilliseconds: Int64
  /// `lost`, `idle`, `misbehaved`, `called` or `transferred`.
  public let cause: String
  /// Who asked first, and the person there where one did.
  public let by: NodeID?
  public let person: String?
  public let detail: String
  /// Its coordinator had the delegation of a quorum when it began.
  public let isDelegated: Bool
}

extension CollaborationState {
  /// Terms that are kept for people.
  static let termsKept = 64

  mutating func termOpened(_ record: LedgerRecord) throws(Violation) -> TaskChange? {
    let judge = Judge(entry: record.number)
    try judge.require(record.term > term, .order, "term \(record.term) after term \(term)")
    guard let node = record.body["coordinator"]?.stringValue.flatMap(NodeID.init(hexadecimal:)) else {
      throw judge.violation(.malformed, "a term without a coordinator")
    }
    try judge.require(configuration.hasVote(node), .membership, "\(node.short) has no vote and cannot coordinate")
    let cause = record.body["cause"]
    term = record.term
    coordinator = node
    terms.append(
      TermRecord(
        term: record.term, coordinator: node, entry: record.number, timeMilliseconds: record.timeMilliseconds,
        cause: cause?["kind"]?.stringValue ?? "", by: cause?["by"]?.stringValue.flatMap(NodeID.init(hexadecimal:)),
        person: cause?["person"]?.stringValue, detail: cause?["detail"]?.stringValue ?? "",
        isDelegated: agency?.agent == node))
    if terms.count > Self.termsKept { terms.removeFirst() }
    noteTerm(by: node, isTransfer: cause?["kind"]?.stringValue == "transferred")
    return nil
  }
}
