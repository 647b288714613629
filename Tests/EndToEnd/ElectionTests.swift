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

    @Test func aQuorumDelegatesToAVirtualOperatorAndTakesThatBack() throws {
      try TestNetwork.with(["a", "b", "x"], options: ["x": ["--kind", "virtual"]]) { _, nodes in
        let id = try collaboration(of: nodes)
        let wrong = try nodes[0].run("election", "delegate", "b", "--person", "ada")
        #expect(wrong.refuses(7, "b offers resources of its own", "participant list"), "\(wrong)")
        let stranger = try nodes[0].run("election", "delegate", "y", "--person", "ada")
        #expect(stranger.refuses(1, "no voter is called \"y\"", "election show"), "\(stranger)")
        let nothing = try nodes[0].run("election", "delegate", "--withdraw", "--person", "ada")
        #expect(nothing.refuses(7, "this node delegates to nobody", "election show"), "\(nothing)")

        let first = try nodes[0].run("election", "delegate", "x", "--person", "ada", "--reason", "no time")
        #expect(
          first.status == 0 && first.text == "this node delegates to x (1 of 2 needed); a coordinates term 1",
          "\(first)")
        let second = try nodes[1].run("election", "delegate", "lab", "x", "--person", "grace")
        #expect(second.status == 0, "\(second)")
        #expect(
          second.text
            == "this node delegates to x (2 of 2 needed); x coordinates term 2: a, by itself, handed over, a quorum delegates to it",
          "\(second)")
        let shown = try nodes[2].run("election", "show").output
        #expect(shown.contains("to x by a (ada), b (grace): 2 of 2 needed, it coordinates for them"), "\(shown)")

        let taken = try nodes[0].run("election", "delegate", "--withdraw", String(id.prefix(8)), "--person", "ada")
        #expect(taken.status == 0 && taken.text.hasPrefix("this node delegates to nobody; "), "\(taken)")
        #expect(
          taken.text.hasSuffix(
            " coordinates term 3: ada at a called an election: x has no quorum's delegation any more"),
          "\(taken)")
        let view = try nodes[2].ask("election", "show")
        #expect(view["coordinatorName"].text != "x" && view["delegations"].list.count == 1, "\(view)")
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
