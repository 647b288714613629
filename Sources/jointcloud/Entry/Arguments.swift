import Manifest
import Model
import Node
import Overlay

/// Values on the command line, in the same spelling as in manifests.
enum Arguments {
  static func milliseconds(_ text: String, _ option: String) throws -> Int {
    try value(text, option, Quantities.milliseconds, "a time such as 250ms, 10s, 5m or 1h", example: "10s")
  }

  static func cpu(_ text: String, _ option: String) throws -> Int {
    try value(text, option, Quantities.millicores, "an amount of CPU such as 2, 0.5 or 500m", example: "500m")
  }

  static func memory(_ text: String, _ option: String) throws -> Int {
    try value(text, option, Quantities.bytes, "a size such as 512Mi or 2Gi", example: "512Mi")
  }

  static func credits(_ text: String, _ option: String) throws -> Int {
    try value(
      text, option, Quantities.microcredits, "credits with at most six decimals, such as 0.0002", example: "0.0002")
  }

  static func labels(_ texts: [String]) throws -> [String: String] {
    var labels: [String: String] = [:]
    for text in texts {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty, labels[String(parts[0])] == nil else {
        throw Failure(.usage, "--label \(text) is not a new KEY=VALUE", next: "--label team=blue")
      }
      labels[String(parts[0])] = String(parts[1])
    }
    return labels
  }

  static func address(_ text: String, _ option: String) throws -> HostPort {
    guard let address = HostPort(text) else {
      throw Failure(.usage, "\(option) \(text) is not HOST:PORT", next: "\(option) 127.0.0.1:0")
    }
    return address
  }

  private static func value(
    _ text: String, _ option: String, _ parse: (String) -> Int?, _ what: String, example: String
  ) throws -> Int {
    guard let value = parse(text) else {
      throw Failure(.usage, "\(option) \(text) is not \(what)", next: "\(option) \(example)")
    }
    return value
  }
}
