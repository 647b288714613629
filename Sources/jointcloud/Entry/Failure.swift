import Engine
import Interface
import Manifest
import Overlay
import Storage

/// What the command line ends with (docs/cli.md).
enum ExitStatus: Int32 {
  case success = 0
  case error, usage, taskFailed, timedOut, unplaced, verificationFailed, conflict, notPermitted
}

/// Why a command ends without success, in lines for people.
struct Failure: Error {
  var status: ExitStatus
  var lines: [String]
  var next: String

  /// - Parameter next: what to type or do now.
  init(_ status: ExitStatus, _ line: String, next: String) {
    self.status = status
    lines = [line]
    self.next = next
  }

  init(_ error: any Error) {
    switch error {
    case let failure as Failure: self = failure
    case let refusal as Refusal: self.init(refusal)
    case let error as ClientError: self.init(error.refusal)
    case let errors as ManifestErrors: self.init(errors)
    case let error as IdentityError: self.init(error)
    case let error as StorageError: self.init(Self.status(of: error), "\(error)", next: "jointcloud doctor")
    case is CancellationError: self.init(.error, "interrupted", next: "give the command again")
    default: self.init(.error, "\(error)", next: "jointcloud doctor")
    }
  }

  init(_ refusal: Refusal) {
    let place = refusal.subject.isEmpty || refusal.what.contains(refusal.subject) ? "" : " (\(refusal.subject))"
    self.init(
      Self.status(of: refusal.kind), refusal.what + place,
      next: refusal.next.isEmpty ? "jointcloud doctor" : refusal.next)
  }

  private init(_ errors: ManifestErrors) {
    self.init(.error, "", next: "correct the file; docs/manifest.md and docs/operating.md describe every field")
    lines = errors.problems.map(\.description)
    if errors.omitted > 0 { lines.append("\(errors.omitted) more problems") }
  }

  private static let askAnew =
    "ask a founder for jointcloud network invite, or on an allow-list for jointcloud network allow NODE"

  private init(_ error: IdentityError) {
    switch error {
    case .otherNetwork:
      self.init(.conflict, "\(error)", next: "jointcloud node init --data ANOTHER_FOLDER --name NAME")
    case .wayClosed(.invitation):
      self.init(
        .notPermitted, "\(error)", next: "give the node's id, as node init prints it: jointcloud network allow NODE")
    case .wayClosed(.allowList): self.init(.notPermitted, "\(error)", next: "jointcloud network invite")
    case .wayClosed(.vote): self.init(.notPermitted, "\(error)", next: "jointcloud network show")
    case .grantedToAnother(_, let node):
      self.init(
        .notPermitted, "\(error)",
        next:
          "ask a founder, or in a network that votes any member once it is admitted, for jointcloud network allow \(node)"
      )
    case .notAFounder, .notAdmitted, .badSignature: self.init(.notPermitted, "\(error)", next: Self.askAnew)
    case .malformed(what: "the invitation", _), .altered:
      self.init(.error, "\(error)", next: "copy one line as jointcloud network invite printed it, whole")
    default: self.init(.error, "\(error)", next: Self.askAnew)
    }
  }

  static func status(of kind: Refusal.Kind) -> ExitStatus {
    switch kind {
    case .conflict: .conflict
    case .notPermitted: .notPermitted
    case .unplaced: .unplaced
    case .timedOut: .timedOut
    case .invalid, .notFound, .unavailable, .tooLarge, .failed: .error
    }
  }

  private static func status(of error: StorageError) -> ExitStatus {
    switch error {
    case .locked, .otherNetwork, .otherNode, .otherVersion, .contradiction: .conflict
    case .notPermitted: .notPermitted
    default: .error
    }
  }

  /// Prints to standard error.
  ///
  /// - Returns: the exit code.
  func report() -> Int32 {
    for line in lines { Output.hint("error: \(line)") }
    if !next.isEmpty { Output.hint("next: \(NextStep.completed(next))") }
    return status.rawValue
  }
}
