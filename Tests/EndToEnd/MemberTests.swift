import Foundation
import Glibc
import Testing

extension EndToEnd {
  @Suite struct MemberTests {
    @Test func anAllowListLetsTheNamedNodeInAndNobodyElse() throws {
      try TestNetwork.with { network in
        let founder = try network.make("founder")
        let created = try Binary.run(
          ["network", "create", "--data", founder.data, "--name", "listed", "--admission", "allow-list"])
        #expect(created.status == 0, "\(created.errors)")
        try founder.start()
        let (named, late, stranger) = (try network.make("named"), try network.make("late"), try network.make("other"))
        func allow(_ node: TestNode, _ options: String...) throws -> String {
          let id = try Binary.run(["node", "id", "--data", node.data]).text
          let allowed = try Binary.run(["network", "allow", "--data", founder.data, id] + options)
          guard allowed.status == 0 else { throw Missed("network allow: \(allowed.errors)") }
          return allowed.text
        }
        func join(_ node: TestNode, _ text: String) throws -> Ended {
          try Binary.run(["network", "join", "--data", node.data, text])
        }
        let text = try allow(named)
        let refused = try join(stranger, text)
        #expect(refused.refuses(8, "alone"), "\(refused.errors)")
        #expect(try join(named, text).status == 0)
        try named.start()
        try network.meet()
        let shown = try founder.ask("member", "show", "named")
        #expect(shown["admission"]["way"].text == "allowList")
        #expect(shown["admission"]["by"].text == (try founder.ask("node", "status")["node"].text))
        // Its grant is over by the time it knocks: nobody lets it in, and it says so.
        let brief = try allow(late, "--expires", "3s")
        #expect(try join(late, brief).status == 0)
        try until("the grant is over") { () -> Void? in
          let end = try JSON(text: try Binary.run(["network", "show", "--data", late.data, "-o", "json"]).output)
          return end["joinableUntilMilliseconds"].number < Int(Date().timeIntervalSince1970 * 1_000) ? () : nil
        }
        try late.start()
        try until("the founder refuses the late one") {
          try founder.ask("node", "status")["dropped"]["overlay: expiredGrant"].number > 0 ? () : nil
        }
        #expect(try founder.ask("node", "status")["members"].number == 2)
        // A member stays though its grant ends.
        try named.stop()
        try named.start()
        try network.meetPair(founder, named)
      }
    }

    @Test func aMemberIsShownByNameAndPrefixAndANameOfSeveralIsRefusedWithTheList() throws {
      try TestNetwork.with(["a", "twin", "other"]) { network, nodes in
        let id = try nodes[1].ask("node", "status")["node"].text
        for reference in [id, String(id.prefix(8)), "twin"] {
          let shown = try nodes[0].ask("member", "show", reference)
          #expect(shown["member"]["node"].text == id, "\(reference)")
          #expect(shown["member"]["state"].text == "alive")
          #expect(shown["admission"]["way"].text == "invitation")
          #expect(shown["incarnation"].number > 0 && shown["startedMilliseconds"].number > 0)
        }
        let unknown = try nodes[0].run("member", "show", "nobody")
        #expect(unknown.refuses(1, "no member", "member list"), "\(unknown.errors)")
        let table = try nodes[0].run("member", "show", "twin").output
        for label in ["Node:", "State:", "Addresses:", "Admission:", "Datagram key:"] {
          #expect(table.contains(label), "\(table)")
        }
        try nodes[2].stop()
        try nodes[2].configure("name", "twin")
        try nodes[2].start()
        let refusal = try until("the second one is called twin") { () -> Ended? in
          let ended = try nodes[0].run("member", "show", "twin")
          return ended.status == 0 ? nil : ended
        }
        #expect(refusal.refuses(2, "means 2 of them", String(id.prefix(12))), "\(refusal.errors)")
        // Who is who in a table stands in it.
        let announced = try nodes[1].run("network", "announce", "to both")
        try until("the trace tells the two apart") { () -> Void? in
          let table = try nodes[0].run("trace", announced.text).output
          return try nodes[1...].allSatisfy { node in
            let id = try node.ask("node", "status")["node"].text
            return table.contains("twin (\(id.prefix(8)))")
          } && table.contains("from twin (\(id.prefix(8)))") && !table.contains("a (") ? () : nil
        }
      }
    }

    @Test func aPingSaysTheWayAndSilenceEndsWithItsOwnCode() throws {
      try TestNetwork.with(["a", "b"]) { network, nodes in
        let answers = try nodes[0].ask("node", "ping", "b", "--count", "2").list
        #expect(answers.count == 2 && answers.allSatisfy { $0["path"].text == "datagram" }, "\(answers.map(\.value))")
        #expect(answers.allSatisfy { $0["roundTripMicroseconds"].number > 0 })
        #expect(try nodes[0].run("node", "ping", "b").output.contains("by datagram"))
        #expect(try nodes[0].run("node", "ping", "nobody").refuses(1, "no member", "member list"))
        #expect(try nodes[0].run("node", "ping", "a").refuses(1, "this one"))
        let datagrams = try nodes[0].ask("doctor").list.first { $0["subject"].text == "datagrams" }
        #expect(datagrams?["detail"].text == "1 of 1 members answer straight")
        nodes[1].signal(SIGSTOP)
        defer { nodes[1].signal(SIGCONT) }
        let silent = try nodes[0].run("node", "ping", "b")
        #expect(silent.refuses(4, "does not answer"), "\(silent.status) \(silent.errors)")
        #expect(silent.output.contains("no answer"))
      }
    }

    @Test func whatAMemberTellsIsOneLineOfTheLogAndSteersNoTerminal() throws {
      try TestNetwork.with(["a", "b"]) { _, nodes in
        let forged = "hi\n2026-01-01T00:00:00+0000 info jointcloud: member.failed: a is failed\u{1b}[2J"
        #expect(try nodes[0].run("network", "announce", forged).status == 0)
        try until("b hears it") { () -> Void? in nodes[1].log.contains("announcement: a: hi ") ? () : nil }
        let log = nodes[1].log
        #expect(!log.contains("\u{1b}"))
        #expect(log.split(separator: "\n").allSatisfy { !$0.hasPrefix("2026-01-01") })
      }
    }

    @Test func anAnnouncementReachesEverybodyAndIsListedWhileItHolds() throws {
      try TestNetwork.with(["a", "b", "c"]) { network, nodes in
        let trace = try nodes[0].run("network", "announce", "maintenance at noon", "--expires", "5s")
        #expect(trace.status == 0 && trace.text.count == 64, "\(trace.errors)")
        for node in nodes {
          let shown = try until("\(node.name) lists it") { () -> JSON? in
            try node.ask("network", "show")["announcements"].list.first
          }
          #expect(shown["text"].text == "maintenance at noon" && shown["authorName"].text == "a")
          #expect(shown["trace"].text == trace.text)
        }
        #expect(nodes[1].log.contains("announcement: a: maintenance at noon"))
        let hops = try nodes[2].ask("trace", trace.text).list
        #expect(try nodes[2].ask("trace", "last").list.map { $0["what"].text } == hops.map { $0["what"].text })
        #expect(Set(hops.map { $0["nodeName"].text }) == ["a", "b", "c"], "\(hops.map(\.value))")
        #expect(hops.allSatisfy { $0["what"].text == "announcement" } && hops.contains { $0["links"].number == 0 })
        // What a table shows of an id is enough to ask for it, and the wide one shows all of it.
        let short = String(trace.text.prefix(8))
        #expect(try nodes[1].run("network", "show").output.contains(" \(short) "))
        #expect(try nodes[1].run("network", "show", "-o", "wide").output.contains(trace.text))
        for part in [short, String(trace.text.prefix(4))] {
          #expect(try nodes[2].ask("trace", part).list.count == 3)
        }
        let unknown = try nodes[2].run("trace", short == "beef0000" ? "beef0001" : "beef0000")
        #expect(unknown.refuses(1, "no trace", "beef000", "next: jointcloud task list"), "\(unknown.errors)")
        let nobodys = try nodes[2].run("trace", String(repeating: "be", count: 32))
        #expect(nobodys.refuses(1, "neither this node nor a member that answered", "next: "), "\(nobodys.errors)")
        try until("it is gone with its time", seconds: 10) {
          try nodes[1].ask("network", "show")["announcements"].list.isEmpty ? () : nil
        }
        for number in 1...15 { #expect(try nodes[0].run("network", "announce", "\(number)").status == 0) }
        #expect(try !nodes[0].run("network", "show").errors.contains("older ones"))
        for number in 16...17 { #expect(try nodes[0].run("network", "announce", "\(number)").status == 0) }
        let full = try nodes[0].run("network", "show")
        #expect(full.errors.contains("newest 16") && full.errors.contains("older ones"), "\(full.errors)")
        #expect(try nodes[0].ask("network", "show")["announcements"].list.count == 16)
      }
    }

    @Test func aStoppedOrKilledProcessIsNamedSoonWithWhatToDo() throws {
      try TestNetwork.with { network in
        let node = try network.make("a", ["--kind", "virtual"])
        try network.found(node)
        try node.start()
        let id = try #require(node.endpoint)["processID"].number
        node.signal(SIGSTOP)
        defer { node.signal(SIGCONT) }
        let start = ContinuousClock.now
        let list = try node.run("member", "list")
        #expect(list.refuses(4, "process \(id) is stopped", "next: kill -CONT \(id)"), "\(list.errors)")
        let doctor = try node.run("doctor")
        #expect(doctor.output.contains("process \(id) is stopped") && doctor.output.contains("-> kill -CONT \(id)"))
        #expect(!doctor.output.contains("jointcloud doctor"), "\(doctor.output)")
        #expect(ContinuousClock.now - start < .seconds(20), "about five seconds each")
        node.signal(SIGCONT)
        #expect(try node.run("member", "list").status == 0)
        try node.kill()
        for ended in [try node.run("member", "list"), try node.run("doctor")] {
          let text = ended.output + ended.errors
          #expect(ended.status == 1 && text.contains("process \(id) is gone"), "\(text)")
          #expect(text.contains("jointcloud node run --data"), "\(text)")
        }
      }
    }
  }
}
