import Foundation
import Testing

/// Many nodes without resources, started at once; what they see of each other is read from their logs.
struct Swarm {
  let network: TestNetwork
  let nodes: [TestNode]

  /// The first founds the network, one invitation serves the others, and all see all before `body` runs.
  ///
  /// - Parameter wires: a machine in small for each; nil for all on this one.
  static func with(
    _ count: Int, on wires: LocalNetwork? = nil, _ body: (Swarm) throws -> Void
  ) throws {
    defer { wires?.remove() }
    try TestNetwork.with { network in
      for index in 0..<count {
        let node = try network.make("n\(index)", ["--kind", "virtual"])
        node.host = wires?.hosts[index]
      }
      let swarm = Swarm(network: network, nodes: network.nodes)
      let founder = swarm.nodes[0]
      try network.found(founder)
      try founder.start()
      let invitation = try Binary.run(["network", "invite", "--data", founder.data, "--nodes", "\(count)"])
      guard invitation.status == 0 else { throw Missed("network invite: \(invitation.errors)") }
      for (node, text) in zip(swarm.nodes.dropFirst(), invitation.text.split(separator: "\n")) {
        let joined = try Binary.run(["network", "join", "--data", node.data, String(text)])
        guard joined.status == 0 else { throw Missed("network join: \(joined.errors)") }
      }
      for node in swarm.nodes.dropFirst() { try node.launch() }
      try swarm.untilAllSeeAll()
      try body(swarm)
    }
  }

  /// How each of the others stands with `node`, by what its log said last.
  func states(at node: TestNode) -> [String: String] {
    var states: [String: String] = [:]
    for line in node.log.split(separator: "\n") {
      guard let word = line.range(of: "member.") else { continue }
      // member.STATE: NAME and what befell it
      let words = line[word.upperBound...].split(separator: " ")
      if words.count >= 3, let state = words[0].split(separator: ":").first { states[String(words[1])] = String(state) }
    }
    return states
  }

  /// Until each of `watchers` says that each of `subjects` is in this state.
  func untilSeen(_ subjects: [TestNode], as state: String, by watchers: [TestNode], seconds: Double = 60) throws {
    for node in watchers {
      try until("\(node.name) says \(state) of \(subjects.map(\.name))", seconds: seconds) { () -> Void? in
        let states = states(at: node)
        return subjects.allSatisfy { $0 === node || states[$0.name] == state } ? () : nil
      }
    }
  }

  func untilAllSeeAll(seconds: Double = 60) throws {
    try untilSeen(nodes, as: "alive", by: nodes, seconds: seconds)
  }

  /// Who was called failed by whom, beyond the first `start` characters of each log.
  func deaths(since start: [Int]) -> [String] {
    zip(nodes, start).flatMap { node, start in
      node.log.dropFirst(start).split(separator: "\n").filter { $0.contains("member.failed") }
        .map { "\(node.name): \($0)" }
    }
  }

  var logLengths: [Int] { nodes.map(\.log.count) }

  /// Tells all nodes something, until all of `readers` have shown it, each once.
  func announce(_ text: String, from node: TestNode, to readers: [TestNode], seconds: Double = 30) throws {
    let ended = try node.run("network", "announce", text)
    guard ended.status == 0 else { throw Missed("network announce: \(ended.status) \(ended.errors)") }
    try untilShown(text, from: node, at: readers, seconds: seconds)
  }

  func untilShown(_ text: String, from node: TestNode, at readers: [TestNode], seconds: Double = 30) throws {
    for reader in readers where reader !== node {
      try until("\(reader.name) shows '\(text)'", seconds: seconds) { times(text, at: reader) > 0 ? () : nil }
    }
    for reader in readers where reader !== node {
      #expect(times(text, at: reader) == 1, "\(reader.name) showed '\(text)' again")
    }
  }

  func times(_ text: String, at node: TestNode) -> Int {
    node.log.split(separator: "\n").count { $0.contains("announcement: ") && $0.hasSuffix(": \(text)") }
  }
}
