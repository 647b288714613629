/// The identity of a `Subject`: the hash of what founded it, so that it cannot be claimed by another.
public struct ID<Subject>: Hashable, Sendable {
  public let digest: Digest

  public init(_ digest: Digest) {
    self.digest = digest
  }

  /// - Returns: nil unless the text is 64 lowercase hexadecimal digits.
  public init?(hexadecimal: String) {
    guard let digest = Digest(hexadecimal: hexadecimal) else { return nil }
    self.digest = digest
  }

  public var hexadecimal: String { digest.hexadecimal }
  public var short: String { digest.short }
}

extension ID: Comparable {
  public static func < (left: ID, right: ID) -> Bool { left.digest < right.digest }
}

extension ID: CustomStringConvertible {
  public var description: String { digest.hexadecimal }
}

extension ID: Codable {
  public init(from decoder: any Decoder) throws {
    digest = try Digest(from: decoder)
  }

  public func encode(to encoder: any Encoder) throws {
    try digest.encode(to: encoder)
  }
}

extension ID: CodingKeyRepresentable {
  public var codingKey: any CodingKey { hexadecimal.codingKey }

  public init?(codingKey: some CodingKey) {
    self.init(hexadecimal: codingKey.stringValue)
  }
}

/// The subjects that have an `ID`; never instantiated.
public enum Subject {
  public enum Node {}
  public enum Network {}
  public enum Collaboration {}
  public enum Task {}
  public enum Statement {}
  public enum Offer {}
  public enum Trace {}
}

/// The hash of a node's root public key.
public typealias NodeID = ID<Subject.Node>
/// The hash of a network's genesis.
public typealias NetworkID = ID<Subject.Network>
/// The hash of a collaboration's charter.
public typealias CollaborationID = ID<Subject.Collaboration>
/// The id of the statement that submitted the task.
public typealias TaskID = ID<Subject.Task>
/// The hash of a statement's canonical bytes.
public typealias StatementID = ID<Subject.Statement>
/// The id of the statement that made the offer.
public typealias OfferID = ID<Subject.Offer>
/// Follows one piece of work through all planes and nodes (R25).
public typealias TraceID = ID<Subject.Trace>

/// One try at one subtask at one participant. Written `TASK.SUBTASK.NUMBER`.
public struct AttemptID: Hashable, Sendable, Codable {
  public let task: TaskID
  /// The subtask's index in the task, from 0.
  public let subtask: Int
  /// The try's number for this subtask, from 1.
  public let number: Int

  public init(task: TaskID, subtask: Int, number: Int) {
    self.task = task
    self.subtask = subtask
    self.number = number
  }
}

extension AttemptID: Comparable {
  public static func < (left: AttemptID, right: AttemptID) -> Bool {
    (left.task, left.subtask, left.number) < (right.task, right.subtask, right.number)
  }
}

extension AttemptID: CustomStringConvertible {
  public var description: String { "\(task).\(subtask).\(number)" }

  /// - Returns: nil unless the text is `TASK.SUBTASK.NUMBER` in full, in the one spelling that `description` gives.
  public init?(_ description: String) {
    let parts = description.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, let task = TaskID(hexadecimal: String(parts[0])), let subtask = Int(parts[1]),
      let number = Int(parts[2]), subtask >= 0, number >= 1
    else { return nil }
    self.init(task: task, subtask: subtask, number: number)
    guard self.description == description else { return nil }
  }
}
