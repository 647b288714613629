public import Model

/// What an operator tells all nodes of the network, such as planned maintenance.
public struct Announcement: StatementBody {
  public static let purpose = Purpose("announcement")
  /// In UTF-8 bytes.
  public static let byteLimit = 4_096

  /// Milliseconds since 1970-01-01T00:00:00Z, at most 24 h ahead.
  public let expiresMilliseconds: Int64
  public let text: String
  public let trace: TraceID

  public init(text: String, expiresMilliseconds: Int64, trace: TraceID) {
    self.text = text
    self.expiresMilliseconds = expiresMilliseconds
    self.trace = trace
  }
}
