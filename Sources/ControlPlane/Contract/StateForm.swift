public import Model

/// One piece of a state's written form. All together they are a snapshot.
public struct StatePart: Hashable, Sendable {
  public let name: String
  /// Canonical JSON.
  public let bytes: [UInt8]
}

/// Which parts of a state lie on a disk, so that only the others are written.
public struct KeptParts: Hashable, Sendable {
  /// Tasks that are over, the oldest: nothing of them changes any more.
  var over = 0
  /// Of open tasks the digests of their part and of each block of subtasks.
  var open: [TaskID: [Digest]] = [:]

  public init() {}
}

/// Why parts are not the state that a digest names.
public enum StateFormError: Error, Hashable, Sendable, CustomStringConvertible {
  case missing(String)
  /// Its bytes are not those that the digest says.
  case other(String)
  case malformed(String, String)

  public var description: String {
    switch self {
    case .missing(let part): "part \(part) is missing"
    case .other(let part): "part \(part) is not what the digest says"
    case .malformed(let part, let reason): "part \(part): \(reason)"
    }
  }
}

// A state's written form: its head, which names the digests of all others, a part for each task, and one for each
// block of a task's subtasks. The digest of the head is the state's.
extension CollaborationState {
  /// The name of the part that names all others.
  public static let headPart = "state"

  /// SHA-256 of the head. Two nodes that folded the same entries get the same.
  ///
  /// - Throws: `JSONError` for numbers out of range.
  public mutating func digest() throws(JSONError) -> Digest {
    if let known = table.stateDigest(after: lastEntry) { return known }
    return try head().digest
  }

  private mutating func head() throws(JSONError) -> (bytes: [UInt8], digest: Digest) {
    try table.remember()
    let bytes = try CanonicalJSON.encode(self)
    let digest = Digest(of: bytes)
    table.remember(stateDigest: digest, after: lastEntry)
    return (bytes, digest)
  }

  /// The parts that a disk lacks, and what it holds once it has them.
  ///
  /// - Throws: `JSONError` for numbers out of range.
  public mutating func parts(beyond kept: inout KeptParts) throws(JSONError) -> [StatePart] {
    let head = StatePart(name: Self.headPart, bytes: try head().bytes)
    return try [head] + table.parts(beyond: &kept)
  }

  /// Takes a state up from all its parts.
  ///
  /// - Parameter digest: the state's, from an entry that is decided: nothing else is believed.
  /// - Throws: `StateFormError` when any part is missing or is not what the digest says.
  public init(
    parts: [String: [UInt8]], digest: Digest, kept: inout KeptParts
  ) throws(StateFormError) {
    guard let head = parts[Self.headPart] else { throw .missing(Self.headPart) }
    guard Digest(of: head) == digest else { throw .other(Self.headPart) }
    do {
      self = try CanonicalJSON.decode(CollaborationState.self, from: head, limit: .max)
    } catch {
      throw .malformed(Self.headPart, "\(error)")
    }
    kept = try table.takeUp(parts)
    table.remember(stateDigest: digest, after: lastEntry)
  }

  // MARK: Entries

  /// Whether the next entry may hold a digest, by the contract.
  var mayDigest: Bool { lastEntry - digestedEntry >= contract.snapshots.intervalEntries }

  mutating func stateDigested(_ record: LedgerRecord) throws(Violation) {
    let judge = Judge(entry: record.number)
    let body = try judge.body(StateDigested.self, record)
    try judge.require(
      mayDigest, .order,
      "a digest after entry \(digestedEntry), within \(contract.snapshots.intervalEntries) entries")
    let own: Digest
    do {
      own = try digest()
    } catch {
      throw judge.violation(.state, "the state has no written form: \(error)")
    }
    try judge.require(body.digest == own, .state, "the state's digest is \(own.short) here, not \(body.digest.short)")
    digestedEntry = record.number
  }
}
