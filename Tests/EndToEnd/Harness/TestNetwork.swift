import Foundation
import Glibc
import Testing

/// The suites of this target, one test after the other: each has processes of its own.
@Suite(.serialized) enum EndToEnd {}

/// Nodes on loopback in one temporary folder, ended and removed with the test, however that ends.
final class TestNetwork {
  let folder: String
  private(set) var nodes: [TestNode] = []

  private init(folder: String) { self.folder = folder }

  static func with(_ body: (TestNetwork) throws -> Void) throws {
    let folder = NSTemporaryDirectory() + "/jc-e2e-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    let network = TestNetwork(folder: folder)
    defer {
      for node in network.nodes { try? node.kill() }
      try? FileManager.default.removeItem(atPath: folder)
    }
    do {
      try body(network)
    } catch {
      for node in network.nodes { print("--- \(node.name)\n\(node.log.suffix(3_000))") }
      throw error
    }
  }

  /// A running network: the first founds it, the others are invited; all see each other.
  ///
  /// - Parameter wires: a machine in small for each, removed with the test; nil for all on this one.
  static func with(
    _ names: [String], options: [String: [String]] = [:], settings: [String: [String: String]] = [:],
    disks: [String: SmallDisk] = [:], on wires: LocalNetwork? = nil, _ body: (TestNetwork, [TestNode]) throws -> Void
  ) throws {
    defer { wires?.remove() }
    try with { network in
      defer { for disk in disks.values { disk.unmount() } }
      for (index, name) in names.enumerated() {
        try disks[name]?.mount(at: network.folder + "/" + name)
        let node = try network.make(name, options[name] ?? [])
        node.host = wires?.hosts[index]
        for (key, value) in (settings[name] ?? [:]).sorted(by: { $0.key < $1.key }) { try node.configure(key, value) }
      }
      let founder = network.nodes[0]
      try network.found(founder)
      try founder.start()
      for node in network.nodes.dropFirst() {
        try network.invite(node, by: founder)
        try node.start()
      }
      try network.meet()
      try body(network, network.nodes)
    }
  }

  func make(_ name: String, _ options: [String] = []) throws -> TestNode {
    let node = TestNode(name: name, data: folder + "/" + name)
    var arguments = ["node", "init", "--data", node.data, "--name", name, "--owner", name]
    let offers = !options.contains("virtual")
    if offers, !options.contains("--cpu") { arguments += ["--cpu", "2"] }
    if offers, !options.contains("--memory") { arguments += ["--memory", "512Mi"] }
    let ended = try Binary.run(arguments + options)
    guard ended.status == 0 else { throw Missed("node init of \(name): \(ended.errors)") }
    nodes.append(node)
    return node
  }

  func found(_ node: TestNode, _ name: String = "test") throws {
    let ended = try Binary.run(["network", "create", "--data", node.data, "--name", name])
    guard ended.status == 0 else { throw Missed("network create: \(ended.errors)") }
  }

  func invite(_ node: TestNode, by founder: TestNode) throws {
    let invitation = try Binary.run(["network", "invite", "--data", founder.data])
    guard invitation.status == 0 else { throw Missed("network invite: \(invitation.errors)") }
    let joined = try Binary.run(["network", "join", "--data", node.data, invitation.text])
    guard joined.status == 0 else { throw Missed("network join: \(joined.errors)") }
  }

  /// Until every running node sees every other one.
  func meet() throws {
    let running = nodes.filter(\.isRunning)
    try until("\(running.map(\.name)) see each other") { () -> Void? in
      for node in running where try node.ask("node", "status")["membersAlive"].number < running.count { return nil }
      return ()
    }
  }

  /// Until these two see each other.
  func meetPair(_ left: TestNode, _ right: TestNode) throws {
    try until("\(left.name) and \(right.name) see each other") { () -> Void? in
      for (node, other) in [(left, right), (right, left)] {
        let members = try node.ask("member", "list").list
        guard members.contains(where: { $0["name"].text == other.name && $0["state"].text == "alive" }) else {
          return nil
        }
      }
      return ()
    }
  }

  @discardableResult
  func write(_ name: String, _ text: String) throws -> String {
    let path = folder + "/" + name
    try FileManager.default.createDirectory(
      atPath: URL(fileURLWithPath: path).deletingLastPathComponent().path, withIntermediateDirectories: true)
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    return name
  }

  /// A manifest: `spec` is its YAML block, indented by two.
  func manifest(_ name: String, _ spec: String) throws -> String {
    let lines = spec.split(separator: "\n").map { "  " + $0 }.joined(separator: "\n")
    return try write(
      "\(name).yaml", "apiVersion: jointcloud/v1\nkind: Task\nmetadata: {name: \(name)}\nspec:\n\(lines)\n")
  }

  /// Adds 1...count, one subtask each; `work` runs before a subtask prints its number.
  func adding(_ name: String, to count: Int, work: String = "true", more: String = "") throws -> String {
    try manifest(
      name,
      """
      inputs: [{name: n, range: {from: 1, to: \(count), size: 1}}]
      script: |
        \(work)
        echo "$INPUT_N_FIRST"
      resources: {cpu: 250m, memory: 32Mi}
      \(more)
      reduce: {command: [awk, '{s += $1} END {print s}']}
      """)
  }

  /// Every node's copy of a ledger ends with the same head, and both verifiers find it whole.
  func requireEqualLedgers(of task: JSON, at nodes: [TestNode]) throws {
    let collaboration = task["collaboration"].text
    try until("the ledgers of \(nodes.map(\.name)) are equal") { () -> Void? in
      let heads = try nodes.map { try $0.head(collaboration) }
      return heads[0] != nil && Set(heads).count == 1 ? () : nil
    }
    for node in nodes { try requireVerified(node) }
  }

  func requireVerified(_ node: TestNode) throws {
    let ours = try Binary.run(["ledger", "verify", "--data", node.data])
    #expect(ours.status == 0, "\(node.name): \(ours.output) \(ours.errors)")
    let theirs = try Verifier.check(node.databasePath)
    #expect(theirs.status == 0, "\(node.name): \(theirs.output) \(theirs.errors)")
  }
}

/// The verifier that shares no code with the product.
enum Verifier {
  static func check(_ path: String, _ arguments: String...) throws -> Ended {
    try Binary.run(
      [Binary.root + "/Tests/Verifier/verify_ledger.py", path] + arguments, program: "/usr/bin/python3")
  }
}
