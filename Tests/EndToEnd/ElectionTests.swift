import Foundation
import Testing

extension EndToEnd {
  @Suite struct ElectionTests {
    /// A collaboration of all nodes that each of them knows; its id.
    private func collaboration(of nodes: [TestNode]) throws -> String {
      let made = try nodes[0].run("collaboration", "create", "--name", "lab", "--cpu", "100m", "--memory", "16Mi")
      let id = made.text
      try until("the collaboration is open everywhere") { () -> Void? in
        for node in nodes {
          guard let row = try node.ask("election", "list").list.first, row["collaboration"].text == id,
            row["state"].text == "inOffice", row["voters"].list.count == nodes.count
          else { return nil }
        }
        return ()
      }
      return id
    }

    @Test func peopleCallElectionsAndHandOverAndEveryNodeTellsWhy() throws {
      try TestNetwork.with(["a", "b", "c"]) { _, nodes in
        let id = try collaboration(of: nodes)
        let preview = try nodes[1].ask("election", "preview")
        #expect(preview["candidates"].list.count == 3 && preview["votesNeeded"].number == 2)
        #expect(preview["coordinatorName"].text == "a" && preview["coordinatorTerms"].number == 1)

        let stranger = try nodes[1].run("election", "transfer", "c", "--person", "ada")
        #expect(stranger.refuses(8, "this node is not in office: a coordinates term 1", "election call"), "\(stranger)")
        let own = try nodes[0].run("election", "transfer", "lab", "a", "--person", "ada")
        #expect(own.refuses(7, "in office already"), "\(own)")

        let handed = try nodes[0].run("election", "transfer", String(id.prefix(8)), "c", "--person", "ada")
        #expect(handed.status == 0 && handed.text == "c coordinates term 2: ada at a handed over", "\(handed)")

        let called = try nodes[1].run("election", "call", "last", "--reason", "maintenance", "--person", "grace")
        #expect(called.status == 0, "\(called)")
        #expect(called.text.hasSuffix(" coordinates term 3: grace at b called an election: maintenance"), "\(called)")

        for node in nodes {
          try until("\(node.name) knows three terms") {
            try node.ask("election", "why").list.map { $0["cause"].text } == ["founded", "transferred", "called"]
              ? () : nil
          }
          let shown = try node.run("election", "show")
          #expect(shown.output.contains("grace at b called an election: maintenance"), "\(shown.output)")
          #expect(shown.output.contains("3 of 3 in reach, 2 decide together"), "\(shown.output)")
        }
      }
    }

    @Test func whereTheCoordinatorIsLostAnotherComesAndWithoutAQuorumNothingIsDecided() throws {
      try TestNetwork.with(["a", "b", "c"]) { _, nodes in
        let id = try collaboration(of: nodes)
        try nodes[0].kill()
        let next = try until("another coordinates") {
          let view = try nodes[1].ask("election", "show")
          return view["term"].number > 1 && view["state"].text == "inOffice" ? view : nil
        }
        #expect(["b", "c"].contains(next["coordinatorName"].text))
        #expect(next["terms"].list.last?["cause"].text == "lost", "\(next)")

        try nodes[2].kill()
        let alone = try until("no quorum is left") {
          let view = try nodes[1].ask("election", "show")
          return view["state"].text == "noQuorum" && view["sinceMilliseconds"].number > 0 ? view : nil
        }
        #expect(alone["missing"].number == 1 && alone["inReach"].number == 1)
        let call = try nodes[1].run("election", "call", "--reason", "alone", "--person", "ada")
        #expect(
          call.refuses(1, "no quorum: 1 of 3 voters in reach, 1 more needed", "jointcloud member list"), "\(call)")
        let status = try nodes[1].run("node", "status")
        #expect(status.output.contains("Standstill:") && status.output.contains("no quorum"), "\(status.output)")
        let shown = try nodes[1].ask("collaboration", "show", "lab")
        #expect(shown["reason"].text.hasPrefix("no quorum: "), "\(shown)")

        try nodes[2].start()
        try until("a quorum decides again") {
          try nodes[1].ask("election", "show", id)["state"].text == "inOffice" ? () : nil
        }
      }
    }
  }
}
