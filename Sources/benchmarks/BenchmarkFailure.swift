import Engine
import Interface

/// Why a benchmark has no figures.
struct BenchmarkFailure: Error, CustomStringConvertible {
  let what: String
  let next: String

  init(_ what: String, next: String = "") {
    self.what = what
    self.next = next
  }

  var description: String { next.isEmpty ? what : "\(what)\nnext: \(next)" }

  /// Any error as a person can read it.
  static func text(of error: any Error) -> String {
    switch error {
    case let error as BenchmarkFailure: error.description
    case let error as ClientError: "\(error.refusal)"
    default: "\(error)"
    }
  }
}
