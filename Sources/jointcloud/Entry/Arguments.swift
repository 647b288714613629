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

  /// Where this node listens; port 0 takes any.
  static func listening(_ text: String, _ option: String) throws -> HostPort {
    // Who gave a port and nothing else meant that one.
    let port = UInt16(text) ?? 7_946
    return try address(text, option, ports: 0...65_535, example: "127.0.0.1:\(port)")
  }

  /// Where others reach this node: it must name the port.
  static func reachable(_ text: String, _ option: String) throws -> HostPort {
    try address(text, option, ports: 1...65_535, example: "192.168.1.10:7400")
  }

  private static func address(
    _ text: String, _ option: String, ports: ClosedRange<Int>, example: String
  ) throws -> HostPort {
    let next = "\(option) \(example)"
    if let address = HostPort(text), ports.contains(address.port) { return address }
    // A number that is none of a port is told apart from a text that is no address.
    let port = text.split(separator: ":", omittingEmptySubsequences: false).last ?? ""
    if port.count < text.count, !port.isEmpty, port.allSatisfy({ ("0"..."9").contains($0) }),
      HostPort(text.dropLast(port.count) + "1") != nil
    {
      throw Failure(
        .usage, "\(option) \(text): port \(port) is not from \(ports.lowerBound) to \(ports.upperBound)", next: next)
    }
    throw Failure(.usage, "\(option) \(text) is not HOST:PORT", next: next)
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
