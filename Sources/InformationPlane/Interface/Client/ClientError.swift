public import Engine

/// Why a node's answer could not be had.
public enum ClientError: Error, Sendable, Hashable {
  /// Nobody answers there; `next` starts the node.
  case notRunning(endpoint: String, next: String)
  /// The socket's file belongs to somebody else.
  case notPermitted(endpoint: String)
  /// The node answered, and refused.
  case refused(Refusal)
  case timedOut(what: String, endpoint: String)
  /// The connection broke, or what came is no answer of a node.
  case broken(what: String, endpoint: String)

  /// The same as a refusal, for whoever prints it.
  public var refusal: Refusal {
    switch self {
    case .notRunning(let endpoint, let next):
      Refusal(.unavailable, "no node answers at \(endpoint)", subject: endpoint, next: next)
    case .notPermitted(let endpoint):
      Refusal(
        .notPermitted, "this user may not open the node's socket", subject: endpoint,
        next: "run this as the user who runs the node")
    case .refused(let refusal): refusal
    case .timedOut(let what, let endpoint):
      Refusal(.timedOut, "no answer in time to \(what)", subject: endpoint, next: "jointcloud doctor")
    case .broken(let what, let endpoint):
      Refusal(.failed, what, subject: endpoint, next: "jointcloud doctor")
    }
  }
}
