import Foundation
import Testing

extension EndToEnd {
  /// Who was not admitted sees nothing and says nothing, whatever it knows.
  @Suite struct StrangerTests {
    /// Nobody's view of the network holds the stranger, its view holds nobody, and nothing it says is shown.
    private func requireApart(_ stranger: TestNode, _ swarm: Swarm, countedAs reason: String) throws {
      let seed = swarm.nodes[0]
      try until("\(seed.name) counts the stranger as \(reason)") { () -> Void? in
        try seed.ask("node", "status")["dropped"]["overlay: \(reason)"].number > 0 ? () : nil
      }
      _ = try stranger.run("network", "announce", "let me in")
      // News from one of them has time to reach all, and so would the stranger's.
      try swarm.announce("among us", from: swarm.nodes[1], to: swarm.nodes)
      for node in swarm.nodes {
        #expect(swarm.times("let me in", at: node) == 0)
        #expect(
          try node.ask("member", "list").list.map { $0["name"].text }.sorted() == swarm.nodes.map(\.name).sorted())
      }
      #expect(swarm.times("among us", at: stranger) == 0)
      #expect(try stranger.ask("member", "list").list.filter { $0["state"].text == "alive" }.count <= 1)
      for name in swarm.nodes.map(\.name) { #expect(!stranger.log.contains("\(name) is alive")) }
    }

    @Test func aStrangerWithTheNetworksNameSeesAndSaysNothing() throws {
      try Swarm.with(3) { swarm in
        let address = try #require(swarm.nodes[0].endpoint)["listenAddress"].text
        let founder = try swarm.network.make("founder", ["--kind", "virtual"])
        let stranger = try swarm.network.make("stranger", ["--kind", "virtual"])
        // `found` gives both networks one name.
        try swarm.network.found(founder)
        let invitation = try Binary.run(["network", "invite", "--data", founder.data, "--address", address])
        #expect(try Binary.run(["network", "join", "--data", stranger.data, invitation.text]).status == 0)
        try stranger.start()
        try requireApart(stranger, swarm, countedAs: "otherNetwork")
      }
    }

    @Test func whoseInvitationIsOverSeesAndSaysNothing() throws {
      try Swarm.with(3) { swarm in
        let late = try swarm.network.make("late", ["--kind", "virtual"])
        let invitation = try Binary.run(["network", "invite", "--data", swarm.nodes[0].data, "--expires", "3s"])
        let over = Date(timeIntervalSinceNow: 3.2)
        let joined = try Binary.run(["network", "join", "--data", late.data, invitation.text])
        #expect(joined.status == 0, "\(joined.errors)")
        try until("the invitation is over") { Date() > over ? () : nil }
        try late.start()
        try requireApart(late, swarm, countedAs: "expiredGrant")
        let says = late.log.split(separator: "\n").contains {
          $0.contains(" warning ") && $0.contains("the invitation has expired")
        }
        #expect(says, "\(late.log)")
        let announced = try late.run("network", "announce", "let me in")
        #expect(announced.status == 8 && announced.errors.contains("the invitation has expired"), "\(announced.errors)")
        #expect(try late.ask("node", "status")["admissionProblem"].text.contains("the invitation has expired"))
        #expect(try late.run("network", "show").output.contains("no more, since"))
        let doctor = try late.run("doctor")
        #expect(doctor.status == 1 && doctor.output.contains("admission"), "\(doctor.output)")
        #expect(!doctor.output.contains("the port is open"), "the way there is not what is wrong: \(doctor.output)")
      }
    }

    @Test func whoComesWithAUsedInvitationSeesAndSaysNothingAndHearsWhy() throws {
      try Swarm.with(3) { swarm in
        let seed = swarm.nodes[0]
        let invitation = try Binary.run(["network", "invite", "--data", seed.data]).text
        let first = try swarm.network.make("first", ["--kind", "virtual"])
        let second = try swarm.network.make("second", ["--kind", "virtual"])
        for node in [first, second] {
          #expect(try Binary.run(["network", "join", "--data", node.data, invitation]).status == 0)
        }
        try first.start()
        for node in swarm.nodes {
          try until("\(node.name) sees the first") { () -> Void? in
            try node.ask("member", "list").list.contains { $0["name"].text == "first" } ? () : nil
          }
        }
        try second.start()
        try until("the second hears why") { () -> Void? in
          second.log.contains("another node has come in by the invitation") ? () : nil
        }
        let doctor = try Binary.run(["doctor", "--data", second.data])
        #expect(doctor.text.contains("another node has come in") && doctor.text.contains("another invitation"))
        try until("the seed counts it") { () -> Void? in
          try seed.ask("node", "status")["dropped"]["overlay: invitationUsedUp"].number > 0 ? () : nil
        }
        let announced = try second.run("network", "announce", "let me in")
        #expect(announced.status == 8 && announced.errors.contains("does not let this node in"), "\(announced.errors)")
        let pinged = try second.run("node", "ping", seed.name)
        #expect(pinged.status == 8 && pinged.errors.contains("does not let this node in"), "\(pinged.errors)")
        let status = try second.ask("node", "status")
        #expect(status["admissionProblem"].text.contains("another node has come in"))
        #expect(try !seed.run("node", "status").output.contains("Admission:"))
        try swarm.announce("among us", from: swarm.nodes[1], to: swarm.nodes + [first])
        for node in swarm.nodes + [first] {
          #expect(swarm.times("let me in", at: node) == 0)
          #expect(try !node.ask("member", "list").list.contains { $0["name"].text == "second" })
        }
        #expect(swarm.times("among us", at: second) == 0)
        #expect(try second.ask("member", "list").list.count <= 2, "it knows nobody but the seed")
      }
    }
  }
}
