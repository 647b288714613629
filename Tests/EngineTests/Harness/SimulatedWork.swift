import Contract
import Coordination
import Foundation
import Model

/// What an attempt comes to.
struct SimulatedWork {
  var duration: Duration
  var output: [UInt8]
  var failure: AttemptFailure?

  /// A subtask says its number; the reducing one joins what it reads.
  static func echo(_ order: WorkOrder, _ node: SimulatedNode) -> SimulatedWork? {
    echo(order, node, lasting: .milliseconds(5))
  }

  static func echo(_ order: WorkOrder, _ node: SimulatedNode, lasting duration: Duration) -> SimulatedWork {
    var output: [UInt8] = []
    if order.standardInput.isEmpty {
      output = Array("\(order.attempt.subtask)\n".utf8)
    } else {
      for reference in order.standardInput {
        guard let bytes = node.objects[reference.digest] else {
          return SimulatedWork(
            duration: duration, output: [],
            failure: AttemptFailure(category: "inputMissing", detail: "handed over without its inputs"))
        }
        output += bytes
      }
    }
    return SimulatedWork(duration: duration, output: output, failure: nil)
  }

  static func failing(_ category: String) -> SimulatedWork {
    SimulatedWork(
      duration: .milliseconds(1), output: [], failure: AttemptFailure(category: category, detail: "exit 1"))
  }

  static func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }
}
