/// Why a request of a person or program was not carried out: what, where, and what to do next.
public struct Refusal: Error, Codable, Sendable, Hashable {
  /// Decides the HTTP status and the exit code (docs/cli.md).
  public enum Kind: String, Codable, Sendable {
    case invalid, notFound, conflict, notPermitted, unplaced, unavailable, tooLarge, timedOut, failed
  }

  public var kind: Kind
  /// One sentence: what was wrong, with the value that was wrong.
  public var what: String
  /// The field, file or object it is about; may be empty.
  public var subject: String
  /// The next command to type; may be empty.
  public var next: String

  public init(_ kind: Kind, _ what: String, subject: String = "", next: String = "") {
    self.kind = kind
    self.what = what
    self.subject = subject
    self.next = next
  }
}
