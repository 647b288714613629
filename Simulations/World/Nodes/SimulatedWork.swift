package import Contract
package import Coordination
internal import Model

internal import struct FoundationEssentials.Data

/// What an attempt comes to.
package struct SimulatedWork {
  package var duration: Duration
  package var output: [UInt8]
  package var failure: AttemptFailure?

  package init(duration: Duration, output: [UInt8], failure: AttemptFailure?) {
    self.duration = duration
    self.output = output
    self.failure = failure
  }

  /// A subtask says its number; the reducing one joins what it reads.
  package static func echo(_ order: WorkOrder, _ node: SimulatedNode) -> SimulatedWork? {
    echo(order, node, lasting: .milliseconds(5))
  }

  package static func echo(_ order: WorkOrder, _ node: SimulatedNode, lasting duration: Duration) -> SimulatedWork {
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

  package static func failing(_ category: String) -> SimulatedWork {
    SimulatedWork(
      duration: .milliseconds(1), output: [], failure: AttemptFailure(category: category, detail: "exit 1"))
  }

  static func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }
}
