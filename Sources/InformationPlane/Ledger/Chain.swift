public import Model

/// The head of a chain and the rule by which it grows; holds no entries.
public struct Chain: Hashable, Sendable {
  public let collaboration: CollaborationID
  /// The last entry's number, 0 for an empty chain.
  public private(set) var number: Int
  /// The last entry's hash; of an empty chain the collaboration's id.
  public private(set) var head: Digest
  /// The last entry's term, 1 for an empty chain.
  public private(set) var term: Int

  public init(_ collaboration: CollaborationID) {
    self.collaboration = collaboration
    number = 0
    head = collaboration.digest
    term = 1
  }

  /// Takes the next entry.
  ///
  /// - Throws: `LedgerError.wrongCollaboration`, `.wrongNumber`, `.wrongPrevious`, `.termWentBack`; the chain is as it was.
  public mutating func append(_ entry: Entry) throws(LedgerError) {
    guard entry.collaboration == collaboration else {
      throw .wrongCollaboration(number: entry.number, expected: collaboration, found: entry.collaboration)
    }
    guard entry.number == number + 1 else { throw .wrongNumber(expected: number + 1, found: entry.number) }
    guard entry.previous == head else {
      throw .wrongPrevious(number: entry.number, expected: head, found: entry.previous)
    }
    guard entry.term >= term else { throw .termWentBack(number: entry.number, from: term, to: entry.term) }
    number = entry.number
    head = entry.hash
    term = entry.term
  }

  /// Gives up what follows an entry; nil for all.
  public mutating func goBack(to entry: Entry?) {
    precondition(
      entry.map { $0.collaboration == collaboration && $0.number <= number } ?? true, "back to another chain")
    number = entry?.number ?? 0
    head = entry?.hash ?? collaboration.digest
    term = entry?.term ?? 1
  }

  /// Makes the next entry and takes it.
  ///
  /// - Throws: `LedgerError` when it is too large or out of range.
  public mutating func extend(
    kind: String, body: JSON, term: Int, timeMilliseconds: Int64, configuration: Digest
  ) throws(LedgerError) -> Entry {
    let record = LedgerRecord(
      number: number + 1, term: term, timeMilliseconds: timeMilliseconds, kind: kind, body: body)
    let entry = try Entry(record, collaboration: collaboration, configuration: configuration, previous: head)
    try append(entry)
    return entry
  }
}
