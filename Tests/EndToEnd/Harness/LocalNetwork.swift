import Foundation
import Glibc

/// Machines in small: for each a network namespace with an address of its own, wired to one switch in another
/// namespace. The kernel loses packets between them as a test says. Removed with the test.
final class LocalNetwork {
  /// One machine.
  struct Host: Hashable {
    let namespace: String
    let address: String

    /// What runs a program on this machine, before its path.
    var prefix: [String] { ["ip", "netns", "exec", namespace] }
  }

  /// Packets that a machine does not get.
  struct Loss {
    var from: Host?
    /// `udp` or `tcp`; nil for both.
    var kind: String?
    var probability = 1.0

    fileprivate var rule: String {
      var rule = "-A INPUT -i eth0"
      if let from { rule += " -s \(from.address)" }
      if let kind { rule += " -p \(kind)" }
      if probability < 1 { rule += " -m statistic --mode random --probability \(probability)" }
      return rule + " -j DROP"
    }
  }

  let hosts: [Host]
  private let hub: String

  /// Whether there can be one here, which needs root, `ip` and `iptables`. With `CI=true` there must be.
  static let isPossible: Bool = {
    if ProcessInfo.processInfo.environment["CI"] == "true" { return true }
    guard let probe = try? LocalNetwork(hosts: 1) else { return false }
    defer { probe.remove() }
    return (try? probe.lose([Loss(probability: 0.5)], at: probe.hosts)) != nil
  }()

  init(hosts count: Int) throws {
    let name = "jc\(UUID().uuidString.prefix(6))"
    hub = name + "hub"
    hosts = (1...count).map { Host(namespace: "\(name)n\($0)", address: "10.77.\($0 / 250).\($0 % 250 + 1)") }
    do {
      try Self.ip(
        [],
        ["netns add \(hub)"] + hosts.map { "netns add \($0.namespace)" }
          + hosts.enumerated().map {
            "link add p\($0) netns \(hub) type veth peer name eth0 netns \($1.namespace)"
          })
      try Self.ip(
        ["-n", hub],
        ["link add br0 type bridge", "link set br0 up"]
          + hosts.indices.flatMap { ["link set p\($0) master br0", "link set p\($0) up"] })
      for host in hosts {
        try Self.ip(
          ["-n", host.namespace], ["link set lo up", "address add \(host.address)/16 dev eth0", "link set eth0 up"])
      }
    } catch {
      remove()
      throw error
    }
  }

  /// What is still on its way to these machines is lost so from now on, and in no other way.
  func lose(_ losses: [Loss], at receivers: [Host]) throws {
    let rules = (["*filter", ":INPUT ACCEPT"] + losses.map(\.rule) + ["COMMIT", ""]).joined(separator: "\n")
    for host in receivers {
      try Self.require(host.prefix.dropFirst() + ["iptables-restore"], input: rules)
    }
  }

  /// Nothing passes between the two sides, in either direction.
  func part(_ left: [Host], _ right: [Host]) throws {
    try lose(right.map { Loss(from: $0) }, at: left)
    try lose(left.map { Loss(from: $0) }, at: right)
  }

  func heal() throws { try lose([], at: hosts) }

  func remove() {
    for namespace in hosts.map(\.namespace) + [hub] {
      // One that was never made is no loss.
      _ = try? Binary.run(["netns", "delete", namespace], program: Self.program)
    }
  }

  private static let program =
    ["/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip"].first(where: FileManager.default.fileExists)
    ?? "/usr/sbin/ip"

  private static func ip(_ options: [String], _ commands: [String]) throws {
    try require(options + ["-batch", "-"], input: commands.joined(separator: "\n") + "\n")
  }

  private static func require(_ arguments: [String], input: String) throws {
    let ended = try Binary.run(
      arguments, program: program, environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"], input: input)
    guard ended.status == 0 else {
      throw Missed("ip \(arguments.joined(separator: " ")) ended with \(ended.status): \(ended.errors)")
    }
  }
}
