/// What an entry of a ledger says, without what links and proves it: the part that contracts fold.
public struct LedgerRecord: Hashable, Sendable {
  /// The entry's place in its ledger, from 1.
  public let number: Int
  /// The term of the coordinator that made it, from 1.
  public let term: Int
  /// The coordinator's wall clock, milliseconds since 1970-01-01T00:00:00Z.
  public let timeMilliseconds: Int64
  /// What kind of event it records, such as `task.submitted`.
  public let kind: String
  public let body: JSON

  public init(number: Int, term: Int, timeMilliseconds: Int64, kind: String, body: JSON) {
    self.number = number
    self.term = term
    self.timeMilliseconds = timeMilliseconds
    self.kind = kind
    self.body = body
  }
}
