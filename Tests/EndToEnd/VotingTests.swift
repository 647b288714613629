import Testing

extension EndToEnd {
  /// A network that lets nodes in, and cuts them off, by vote (R20).
  @Suite struct VotingTests {
    @Test func aVoteLetsANodeInAndAnotherCutsItOffEverywhereAlsoOnceTheFounderIsGone() throws {
      try TestNetwork.with { network in
        for name in ["f", "a", "b", "c"] { _ = try network.make(name) }
        let (f, a, b, c) = (network.nodes[0], network.nodes[1], network.nodes[2], network.nodes[3])
        let created = try f.run("network", "create", "--name", "test", "--admission", "vote")
        #expect(created.status == 0, "\(created.errors)")
        try f.start()
        try until("the network's own collaboration is open") {
          try f.run("network", "decisions").status == 0 ? () : nil
        }
        let early = try f.run("network", "allow", try id(of: a))
        #expect(early.status == 8 && early.errors.contains("jointcloud network admit"), "\(early.errors)")
        try letIn(a, by: [f])
        try letIn(b, by: [f, a])
        try letIn(c, by: [f, a, b])
        try network.meet()

        try decide(["revoke", "c", "--reason", "it leaks"], by: [a, b, f])
        for node in [f, a, b] {
          try until("\(node.name) lists c as revoked") { try state(of: "c", at: node) == "revoked" ? () : nil }
        }
        try until("c knows why") {
          try c.run("node", "status").output.contains("it leaks") ? () : nil
        }
        try until("three voters are left") {
          try collaboration(at: a)["voters"].list.count == 3 ? () : nil
        }

        try f.kill()
        try b.kill()
        try b.start()
        #expect(try state(of: "c", at: b) == "revoked")
        #expect(try c.run("node", "ping", "b", seconds: 30).status != 0)
        try decide(["admit", try id(of: c), "--reason", "it is mended"], by: [a, b])
        try until("c is back") { try state(of: "c", at: b) == "alive" ? () : nil }
        for node in [a, b] { try network.requireVerified(node) }
      }
    }

    private func id(of node: TestNode) throws -> String { try node.run("node", "id").text }

    private func state(of name: String, at node: TestNode) throws -> String? {
      try node.ask("member", "list").list.first { $0["name"].text == name }?["state"].text
    }

    private func collaboration(at node: TestNode) throws -> JSON {
      let id = try node.ask("network", "decisions").list.last?["collaboration"].text ?? ""
      return try node.ask("election", "show", id)
    }

    /// Proposes at the first, and votes at the others, until it holds at all.
    private func decide(_ motion: [String], by voters: [TestNode]) throws {
      let proposed = try Binary.run(["network"] + motion + ["--person", voters[0].name, "--data", voters[0].data])
      guard proposed.status == 0 else { throw Missed("network \(motion): \(proposed.errors)") }
      for voter in voters.dropFirst() {
        try until("\(voter.name) votes on \(motion)") { () -> Void? in
          let voted = try voter.run("network", "vote", proposed.text, "yes", "--person", voter.name)
          // Not there yet, or decided without it.
          return voted.status == 0 || voted.status == 7 ? () : nil
        }
      }
      for voter in voters {
        try until("\(motion) holds at \(voter.name)") { () -> Void? in
          let view = try voter.ask("network", "decisions").list.first { $0["decision"].text == proposed.text }
          return view?["state"].text == "holds" ? () : nil
        }
      }
    }

    private func letIn(_ node: TestNode, by voters: [TestNode]) throws {
      let id = try id(of: node)
      try decide(["admit", id, "--reason", "we know it"], by: voters)
      let text = try voters[voters.count - 1].run("network", "allow", id)
      guard text.status == 0 else { throw Missed("network allow: \(text.errors)") }
      let joined = try node.run("network", "join", text.text)
      guard joined.status == 0 else { throw Missed("network join: \(joined.errors)") }
      try node.start()
      try until("\(node.name) is a voter") {
        try collaboration(at: voters[0])["voters"].list.contains { $0["node"].text == id } ? () : nil
      }
    }
  }
}
