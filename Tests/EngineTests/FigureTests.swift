import Contract
import Coordination
import Model
import Overlay
import Simulations
import Testing

@testable import Engine

/// Participants tell what they have and do, coordinators ask whom they did not hear (R61).
@Suite struct FigureTests {
  private let coordinator = NodeID(Digest(of: [1]))
  private let participant = NodeID(Digest(of: [2]))

  private func report(_ running: Int) -> PeerMessage.Report {
    PeerMessage.Report(
      total: Amounts(cpuMillicores: 2_000, memoryBytes: 1 << 30), committed: .zero, running: running, openTasks: 0)
  }

  @Test("A change is told at most once a second, and figures without one each 30 s")
  func pace() {
    var figures = FigureExchange()
    func tells(_ running: Int, at milliseconds: Int64, linked: Bool = true) -> Bool {
      !figures.round(
        report(running), coordinators: [coordinator], participants: [], linked: linked ? [coordinator] : [],
        at: .milliseconds(milliseconds)
      ).tell.isEmpty
    }
    #expect(tells(0, at: 0))
    #expect(!tells(1, at: 400))
    #expect(!tells(2, at: 999))
    #expect(tells(2, at: 1_000))
    #expect(!tells(2, at: 30_999))
    #expect(tells(2, at: 31_000))
    #expect(!tells(2, at: 31_001, linked: false))
    // A new link may mean that what was said before is lost.
    #expect(tells(2, at: 31_002))
  }

  @Test("Whose figures are 45 s old is asked, again each 15 s, until it tells; nobody else's are kept")
  func questions() {
    var figures = FigureExchange()
    func asks(at seconds: Int64) -> Bool {
      !figures.round(
        report(0), coordinators: [], participants: [participant], linked: [participant], at: .seconds(seconds)
      ).ask.isEmpty
    }
    #expect([0, 44, 45, 46, 59, 60].map(asks) == [false, false, true, false, false, true])
    figures.take(report(1), of: participant, at: Moment(uptime: .seconds(61), wallMilliseconds: 61_000))
    #expect([75, 105, 106].map(asks) == [false, false, true])
    figures.take(report(1), of: coordinator, at: Moment(uptime: .seconds(107), wallMilliseconds: 107_000))
    _ = asks(at: 107)
    #expect(Array(figures.received.keys) == [participant])
  }

  @Test("The timer is set for what comes next, and not set again for later")
  func timer() {
    var figures = FigureExchange()
    let idle = figures.round(report(0), coordinators: [], participants: [], linked: [], at: .zero)
    #expect(figures.timer(for: idle, at: .zero) == nil)
    let told = figures.round(
      report(0), coordinators: [coordinator], participants: [], linked: [coordinator], at: .zero)
    #expect(figures.timer(for: told, at: .zero) == .seconds(30))
    #expect(figures.timer(for: told, at: .seconds(1)) == nil)
    let changed = figures.round(
      report(1), coordinators: [coordinator], participants: [], linked: [coordinator], at: .milliseconds(300))
    #expect(figures.timer(for: changed, at: .milliseconds(300)) == .milliseconds(700))
  }

  private func told(_ network: SimulatedNetwork, by index: Int, at observer: Int = 0) -> ParticipantView.Told? {
    network.nodes[observer].engine.participantViews(of: nil, at: network.moment(at: observer))
      .first { $0.node == network.nodes[index].id }?.told
  }

  @Test("A coordinator sees what its participants run, soon after it began and after it ended; silence makes it stale")
  func wholeNodes() throws {
    let (network, id) = try ParticipantTests.opened(131, [.asker(), NodePlan(name: "b"), NodePlan(name: "c")])
    #expect(network.run(for: .seconds(5)) { told($0, by: 1)?.total.isZero == false && told($0, by: 2) != nil })
    network.work = { _, _ in nil }
    let task = try #require(network.task(network.submit(TaskPlan(subtasks: 2), at: 0, to: id), at: 0))
    #expect(
      network.run(for: .seconds(10)) { network in
        (1...2).reduce(0) { $0 + (told(network, by: $1)?.running ?? 0) } == 2
      }, "\(network.story(0))")
    let busy = try #require((1...2).first { (told(network, by: $0)?.running ?? 0) > 0 })
    let free = try #require(told(network, by: busy)).free
    #expect(free.cpuMillicores < (told(network, by: busy)?.total.cpuMillicores ?? 0))
    // What a participant sees of the others is nothing: they tell the coordinator.
    #expect(told(network, by: 0, at: 1) == nil && told(network, by: 1, at: 1)?.running == told(network, by: 1)?.running)
    _ = network.command(.cancel(task, reason: "enough"), at: 0)
    #expect(
      network.run(for: .seconds(10)) { network in (1...2).allSatisfy { told(network, by: $0)?.running == 0 } },
      "the end is told too, though nothing is left to do then")
    network.run(for: .seconds(60))
    #expect((1...2).allSatisfy { told(network, by: $0)?.stale == false })
    network.isolate(1)
    network.run(for: .seconds(95))
    #expect(told(network, by: 1)?.stale == true && told(network, by: 2)?.stale == false)
  }

  @Test("Figures of who is no participant, and questions of who coordinates nothing here, are counted and dropped")
  func strangers() throws {
    let (network, _) = try ParticipantTests.opened(
      132, [.asker(), NodePlan(name: "b"), SevenNodesTests.decliner])
    network.send(.report(report(7)), from: 2, to: 0)
    network.send(.reportRequest, from: 2, to: 1)
    network.run(for: .seconds(2))
    #expect(network.nodes[0].engine.dropped["control: figures of no participant"] == 1)
    #expect(network.nodes[1].engine.dropped["control: figures asked by no coordinator"] == 1)
    for _ in 0..<5 { network.send(.reportRequest, from: 0, to: 1) }
    network.run(for: .milliseconds(300))
    #expect(network.nodes[1].engine.dropped["control: figures asked over the rate"] ?? 0 >= 3)
  }
}
