import Foundation
import Testing

extension EndToEnd {
  /// Who decides while wires are cut (R14, R17).
  @Suite(.enabled(if: LocalNetwork.isPossible, "needs root, ip and iptables for network namespaces"))
  struct PartitionTests {
    /// Three machines with a collaboration that the first coordinates, and a manifest that adds 1...8.
    private func cooperate(_ body: (LocalNetwork, Collaboration, String) throws -> Void) throws {
      let wires = try LocalNetwork(hosts: 3)
      try TestNetwork.with(["a", "b", "c"], on: wires) { network, nodes in
        let file = try network.adding("sum", to: 8, work: "sleep 0.3")
        let lab = try Collaboration(of: nodes, in: network)
        #expect(try lab.office().node === nodes[0])
        try body(wires, lab, file)
      }
    }

    @Test func aCoordinatorCutOffFromAQuorumDecidesNothingAndSaysSoWhileTheOthersElectAndGoOn() throws {
      try cooperate { wires, lab, file in
        let (old, others) = (lab.nodes[0], Array(lab.nodes[1...]))
        let first = try lab.submit(file, at: old)
        try until("its work is under way everywhere") { () -> Void? in
          try lab.nodes.allSatisfy { try $0.run("task", "show", first).status == 0 } ? () : nil
        }
        try wires.part([wires.hosts[0]], Array(wires.hosts[1...]))
        let alone = try until("the old coordinator says that it has no quorum") {
          lab.view(at: old).flatMap { $0["state"].text == "noQuorum" && $0["missing"].number == 1 ? $0 : nil }
        }
        let before = try lab.decided(at: old)
        #expect(alone["sinceMilliseconds"].number > 0 && alone["inReach"].number == 1, "\(alone)")
        let waiting = try lab.submit(file, at: old)
        let next = try lab.office(after: 1, among: others)
        try lab.requireCountedOnce(first, of: 8, at: others[0])
        let second = try lab.submit(file, at: others[1])
        try lab.requireSum(to: 8, of: second, at: others[1])

        #expect(try lab.decided(at: old) == before, "it decided something alone")
        let shown = try old.run("election", "show").output
        for part in ["no quorum since ", "1 of 3 in reach", "1 submission of this node", "jointcloud member list"] {
          #expect(shown.contains(part), "\(part): \(shown)")
        }
        let status = try old.run("node", "status").output
        #expect(status.contains("Standstill:") && status.contains("no quorum"), "\(status)")
        #expect(lab.view(at: others[0])?["reason"].text.isEmpty == true)

        try wires.heal()
        try until("the old coordinator follows") { lab.view(at: old)?["term"].number ?? 0 >= next.term ? () : nil }
        try lab.requireSum(to: 8, of: waiting, at: old)
        try lab.requireKept(before, at: others[0])
        try lab.requireOneLedger(at: lab.nodes)
        _ = try lab.requireTermsTold(at: lab.nodes)
      }
    }

    @Test(.enabled(if: hasTime, "a minute and more: JOINTCLOUD_ROUNDS=5 runs it"))
    func ofTwoHalvesNeitherDecidesAndBothGoOnTogether() throws {
      let wires = try LocalNetwork(hosts: 4)
      try TestNetwork.with(["a", "b", "c", "d"], on: wires) { network, nodes in
        let file = try network.adding("sum", to: 8)
        let lab = try Collaboration(of: nodes, in: network)
        let before = try nodes.map { try lab.decided(at: $0) }
        try wires.part(Array(wires.hosts[..<2]), Array(wires.hosts[2...]))
        for node in nodes {
          try until("\(node.name) says that it has no quorum") {
            lab.view(at: node).map { $0["state"].text == "noQuorum" && $0["missing"].number == 1 } == true ? () : nil
          }
        }
        let tasks = try [nodes[0], nodes[3]].map { try lab.submit(file, at: $0) }
        let call = try nodes[2].run("election", "call", "--reason", "half", "--person", "ada")
        #expect(call.refuses(1, "no quorum: 2 of 4 voters in reach, 1 more needed"), "\(call)")
        for (node, decided) in zip(nodes, before) { #expect(try lab.decided(at: node) == decided, "\(node.name)") }
        try wires.heal()
        for task in tasks { try lab.requireSum(to: 8, of: task, at: nodes[0]) }
        try lab.requireOneLedger(at: nodes)
        _ = try lab.requireTermsTold(at: nodes)
      }
    }

    @Test(arguments: ["does not hear", "is not heard"])
    func aCoordinatorWithWiresOfOneWayIsReplacedAndFollowsOnceTheyAreMended(what: String) throws {
      try cooperate { wires, lab, file in
        let (old, others) = (lab.nodes[0], Array(lab.nodes[1...]))
        let first = try lab.submit(file, at: old)
        try until("its work is under way everywhere") { () -> Void? in
          try lab.nodes.allSatisfy { try $0.run("task", "show", first).status == 0 } ? () : nil
        }
        if what == "does not hear" {
          try wires.lose([LocalNetwork.Loss()], at: [wires.hosts[0]])
        } else {
          try wires.lose([LocalNetwork.Loss(from: wires.hosts[0])], at: Array(wires.hosts[1...]))
        }
        _ = try lab.office(after: 1, among: others)
        let waiting = try lab.submit(file, at: old)
        try until("the old coordinator says that nothing is decided") {
          lab.view(at: old)?["state"].text == "noQuorum" ? () : nil
        }
        let shown = try old.run("election", "show").output
        for part in ["no quorum since ", "1 submission of this node", "jointcloud member list"] {
          #expect(shown.contains(part), "\(part): \(shown)")
        }
        try wires.heal()
        try lab.requireSum(to: 8, of: first, at: old)
        try lab.requireSum(to: 8, of: waiting, at: old)
        try lab.requireOneLedger(at: lab.nodes)
        _ = try lab.requireTermsTold(at: lab.nodes)
      }
    }
  }
}
