import Foundation
import Glibc
import Testing

extension EndToEnd {
  /// What the overlay lives through when machines and wires fail.
  @Suite struct OverlaySurvivalTests {
    private static let needsNamespaces: Comment = "needs root, ip and iptables for network namespaces"

    /// How many nodes the large cases have: enough to show something in CI, 100 by hand.
    private static let manyNodes =
      ProcessInfo.processInfo.environment["JOINTCLOUD_TEST_NODES"].flatMap { Int($0) } ?? 30

    @Test(.enabled(if: LocalNetwork.isPossible, needsNamespaces), arguments: ["udp", nil])
    func aThirdOfThePacketsLostKillsNobodyAndAnnouncementsReachAll(kind: String?) throws {
      let wires = try LocalNetwork(hosts: 10)
      try Swarm.with(10, on: wires) { swarm in
        let start = swarm.logLengths
        try wires.lose([LocalNetwork.Loss(kind: kind, probability: 0.3)], at: wires.hosts)
        let over = ContinuousClock.now + .seconds(20)
        var number = 0
        while ContinuousClock.now < over {
          let author = swarm.nodes[number % swarm.nodes.count]
          try swarm.announce("news \(number)", from: author, to: swarm.nodes, seconds: 40)
          number += 1
          let pause = ContinuousClock.now + .seconds(4)
          try until("a quiet while is over") { ContinuousClock.now > pause ? () : nil }
        }
        #expect(swarm.deaths(since: start) == [])
        try swarm.untilAllSeeAll()
      }
    }

    @Test(.enabled(if: LocalNetwork.isPossible, needsNamespaces))
    func aPairThatHearsOneWayOnlyIsNotTornApart() throws {
      let wires = try LocalNetwork(hosts: 6)
      try Swarm.with(6, on: wires) { swarm in
        let start = swarm.logLengths
        try wires.lose([LocalNetwork.Loss(from: wires.hosts[1])], at: [wires.hosts[0]])
        let over = ContinuousClock.now + .seconds(15)
        try until("it has lasted") { ContinuousClock.now > over ? () : nil }
        #expect(swarm.deaths(since: start) == [])
        try swarm.announce("from the one that is not heard", from: swarm.nodes[1], to: swarm.nodes)
        try swarm.announce("from the one that does not hear", from: swarm.nodes[0], to: swarm.nodes)
      }
    }

    @Test(.enabled(if: LocalNetwork.isPossible, needsNamespaces))
    func halvesThatWerePartedMeetAgainByThemselvesAndKnowWhatWasSaidMeanwhile() throws {
      let wires = try LocalNetwork(hosts: 8)
      try Swarm.with(8, on: wires) { swarm in
        let (left, right) = (Array(swarm.nodes[..<4]), Array(swarm.nodes[4...]))
        try wires.part(Array(wires.hosts[..<4]), Array(wires.hosts[4...]))
        try swarm.untilSeen(right, as: "failed", by: left)
        try swarm.untilSeen(left, as: "failed", by: right)
        try swarm.announce("said on the left", from: left[1], to: left)
        try swarm.announce("said on the right", from: right[2], to: right)
        try wires.heal()
        try swarm.untilAllSeeAll()
        try swarm.untilShown("said on the left", from: left[1], at: right)
        try swarm.untilShown("said on the right", from: right[2], at: left)
      }
    }

    @Test func aProcessThatStoodStillIsKnownFailedByAllAndComesBackByItself() throws {
      try Swarm.with(8) { swarm in
        let frozen = swarm.nodes[3]
        let others = swarm.nodes.filter { $0 !== frozen }
        frozen.signal(SIGSTOP)
        let over = ContinuousClock.now + .seconds(30)
        try swarm.untilSeen([frozen], as: "failed", by: others, seconds: 25)
        try swarm.announce("while one stood still", from: others[0], to: others)
        try until("it has stood still for 30 s", seconds: 40) { ContinuousClock.now > over ? () : nil }
        let start = swarm.logLengths
        frozen.signal(SIGCONT)
        try swarm.untilAllSeeAll()
        try swarm.untilShown("while one stood still", from: others[0], at: [frozen])
        // It, and nobody else, was away: whom it suspects at first can say so in time.
        let wrong = swarm.deaths(since: start).filter { !$0.contains(": \(frozen.name) has failed") }
        #expect(wrong == [])
      }
    }

    @Test func aThirdKilledAtOnceIsKnownFailedByTheRestAndNobodyElseIs() throws {
      try Swarm.with(Self.manyNodes) { swarm in
        let start = swarm.logLengths
        let killed = Array(swarm.nodes.dropFirst().prefix(Self.manyNodes * 3 / 10))
        let rest = swarm.nodes.filter { node in !killed.contains { $0 === node } }
        for node in killed { node.signal(SIGKILL) }
        try swarm.untilSeen(killed, as: "failed", by: rest)
        let names = Set(killed.map(\.name))
        let wrong = swarm.deaths(since: start).filter { line in
          !names.contains { line.contains(": \($0) has failed") }
        }
        #expect(wrong == [])
        try swarm.announce("to those who are left", from: swarm.nodes[0], to: rest)
      }
    }

    @Test func aRestartOfAllOneAfterAnotherEndsWithAllTogether() throws {
      try Swarm.with(5) { swarm in
        try swarm.announce("before", from: swarm.nodes[4], to: swarm.nodes)
        for node in swarm.nodes {
          let others = swarm.nodes.filter { $0 !== node }
          try node.stop()
          try swarm.untilSeen([node], as: "left", by: others)
          try node.start()
          try swarm.untilSeen([node], as: "alive", by: others)
          // Whom it took for alive from its own database its log does not mention.
          try swarm.network.meet()
        }
        for node in swarm.nodes { try swarm.announce("after, by \(node.name)", from: node, to: swarm.nodes) }
      }
    }

    @Test func garbageOnBothPortsIsCountedAndHarmsNobody() throws {
      try Swarm.with(4) { swarm in
        let start = swarm.logLengths
        let seed = UInt64.random(in: 0...UInt64.max)
        print("garbage from seed \(seed)")
        let script = """
          import random, socket, sys
          r = random.Random(int(sys.argv[1]))
          def datagrams(host, port):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
              for n in range(500):
                head = r.choice([b"", b"JCD1", b"JCD1\\1", b"JCD1\\2", b"JCD2\\1"])
                s.sendto(head + r.randbytes(r.choice([0, 1, 40, 300, 1150, 1300, 9000])), (host, port))
          def streams(host, port):
            for n in range(10):
              try:
                with socket.create_connection((host, port), 10) as s:
                  s.settimeout(10)
                  s.sendall(r.choice([b"", b"\\0\\0\\0\\x49JCS1\\1", b"\\xff" * 4]) + r.randbytes(200))
                  s.shutdown(socket.SHUT_WR)
                  while s.recv(4096): pass
              except OSError: pass
          for place in sys.argv[3:]:
            host, port = place.rsplit(":", 1)
            (streams if sys.argv[2] == "streams" else datagrams)(host, int(port))
          """
        let places = try swarm.nodes.map { try #require($0.endpoint)["listenAddress"].text }
        func dropped(_ node: TestNode, _ reasons: [String]) throws -> [Int] {
          let dropped = try node.ask("node", "status")["dropped"]
          return reasons.map { dropped["overlay: \($0)"].number }
        }
        // One after the other, so that each is seen to be counted.
        for kind in ["streams", "datagrams"] {
          let reasons = kind == "streams" ? ["garbage", "oversize", "badHandshake"] : ["garbage", "oversize"]
          let before = try swarm.nodes.map { try dropped($0, reasons) }
          let ended = try Binary.run(["-c", script, "\(seed)", kind] + places, program: "/usr/bin/python3")
          #expect(ended.status == 0, "\(ended.errors)")
          for (node, before) in zip(swarm.nodes, before) {
            try until("\(node.name) counts what came as \(kind)") { () -> Void? in
              let more = zip(try dropped(node, reasons), before).map { $0 - $1 }
              return (kind == "streams" ? more.contains { $0 > 0 } : more.allSatisfy { $0 > 0 }) ? () : nil
            }
          }
        }
        try swarm.announce("as ever", from: swarm.nodes[2], to: swarm.nodes)
        #expect(swarm.deaths(since: start) == [])
      }
    }

    @Test func twoProcessesWithOneKeyAreNamedOnBothAndTheOneThatStaysIsAMemberAgain() throws {
      try Swarm.with(4) { swarm in
        let first = swarm.nodes[2]
        let copy = TestNode(name: "copy", data: swarm.network.folder + "/copy")
        try first.stop()
        try FileManager.default.copyItem(atPath: first.data, toPath: copy.data)
        try first.start()
        try copy.start()
        defer { try? copy.kill() }
        for node in [first, copy] {
          try until("\(node.name) says that its key is used twice") {
            node.log.contains("another process runs with this node's key") ? () : nil
          }
          let told = node.log.split(separator: "\n").first { $0.contains("another process runs with this node's key") }
          #expect(told?.contains(" warning ") == true, "\(told ?? "")")
        }
        let doctor = try Binary.run(["doctor", "--data", first.data])
        #expect(
          doctor.status != 0 && doctor.text.contains("another process runs with this node's key"), "\(doctor.text)")
        try swarm.announce("from one of the others", from: swarm.nodes[0], to: [swarm.nodes[1], swarm.nodes[3]])
        try copy.stop()
        try swarm.announce("back among the others", from: first, to: [swarm.nodes[0], swarm.nodes[1], swarm.nodes[3]])
        try swarm.untilAllSeeAll()
      }
    }
  }
}
