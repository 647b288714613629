import Foundation
import Glibc
import Testing

extension EndToEnd {
  /// Tasks of many small subtasks, while processes are killed or stand still (R14, R15).
  @Suite struct CoordinatorLossTests {
    private static let subtasks = 24
    private static let little = Dictionary(uniqueKeysWithValues: ["a", "b", "c"].map { ($0, ["--cpu", "500m"]) })

    /// Three nodes with a collaboration and a manifest that adds 1...24, six subtasks at a time.
    private func cooperate(_ body: (TestNetwork, Collaboration, String) throws -> Void) throws {
      try TestNetwork.with(["a", "b", "c"], options: Self.little) { network, nodes in
        let file = try network.adding("many", to: Self.subtasks, work: "sleep 0.2")
        try body(network, try Collaboration(of: nodes, in: network), file)
      }
    }

    /// Tasks that follow each other, so that work is under way at every kill.
    private struct Workload {
      let lab: Collaboration
      let file: String
      var tasks: [String] = []

      /// Waits until more results are decided, and sees to it that there is a task for them.
      mutating func goOn(at node: TestNode) throws {
        let results = try decidedResults(at: node)
        try until("results are decided at \(node.name)") {
          if try !hasOpenTask(at: node) { tasks.append(try lab.submit(file, at: node)) }
          return try decidedResults(at: node) > results ? () : nil
        }
      }

      private func decidedResults(at node: TestNode) throws -> Int {
        try lab.entries(at: node).count { $0["kind"].text == "results.reported" && $0["state"].text == "decided" }
      }

      private func hasOpenTask(at node: TestNode) throws -> Bool {
        guard let task = tasks.last else { return false }
        // Where it is not known yet it is open.
        guard try node.run("task", "show", task).status == 0 else { return true }
        return try ["announced", "negotiating", "queued", "running"].contains(node.state(of: task))
      }

      func requireAll(at nodes: [TestNode]) throws {
        for task in tasks { try lab.requireSum(to: CoordinatorLossTests.subtasks, of: task, at: nodes[0]) }
        try lab.requireOneLedger(at: nodes)
      }
    }

    @Test func whoeverCoordinatesIsKilledAgainAndAgainAndEachSubtaskCountsOnce() throws {
      try cooperate { network, lab, file in
        var work = Workload(lab: lab, file: file)
        var office = try lab.office()
        for _ in 0..<rounds(2) {
          try work.goOn(at: office.node)
          let before = try lab.decided(at: office.node)
          try office.node.kill()
          let next = try lab.office(after: office.term, among: lab.nodes.filter(\.isRunning))
          try office.node.start()
          try lab.untilCaughtUp(office.node, with: next.node)
          try lab.requireKept(before, at: office.node)
          office = next
        }
        try work.requireAll(at: lab.nodes)
        let terms = try lab.requireTermsTold(at: lab.nodes)
        #expect(terms.count > rounds(2) && terms.dropFirst().allSatisfy { $0["cause"].text == "lost" }, "\(terms)")
      }
    }

    @Test func membersAreKilledAtRandomAgainAndAgainAndEachSubtaskCountsOnce() throws {
      try cooperate { network, lab, file in
        var choices = SeededChoices("the kills")
        var work = Workload(lab: lab, file: file)
        for _ in 0..<rounds(2) {
          try work.goOn(at: try lab.office().node)
          let victim = lab.nodes[choices.next(below: lab.nodes.count)]
          try victim.kill()
          // The next kill may come while this one is still catching up.
          try victim.start()
        }
        try work.requireAll(at: lab.nodes)
        _ = try lab.requireTermsTold(at: lab.nodes)
      }
    }

    @Test func allAreKilledAtOnceInMidTaskAndWhatWasDecidedStaysAndTheTaskEnds() throws {
      try cooperate { network, lab, file in
        var work = Workload(lab: lab, file: file)
        try work.goOn(at: lab.nodes[0])
        let before = try lab.nodes.map { try lab.decided(at: $0) }
        for node in lab.nodes { node.signal(SIGKILL) }
        for node in lab.nodes { try node.ended() }
        for node in lab.nodes { try node.launch() }
        for node in lab.nodes { try until("\(node.name) listens") { node.isListening ? () : nil } }
        try until("the task is known again") {
          try lab.nodes[0].run("task", "show", work.tasks[0]).status == 0 ? () : nil
        }
        try work.requireAll(at: lab.nodes)
        for node in lab.nodes { for decided in before { try lab.requireKept(decided, at: node) } }
        _ = try lab.requireTermsTold(at: lab.nodes)
      }
    }

    @Test func aCoordinatorThatStoodStillFollowsTheOneThatWasElectedMeanwhile() throws {
      try cooperate { network, lab, file in
        var work = Workload(lab: lab, file: file)
        let old = try lab.office()
        let others = lab.nodes.filter { $0 !== old.node }
        try work.goOn(at: old.node)
        old.node.signal(SIGSTOP)
        defer { old.node.signal(SIGCONT) }
        // Some of its election timeouts of a second.
        let over = ContinuousClock.now + .seconds(5)
        let new = try lab.office(after: old.term, among: others)
        try lab.requireCountedOnce(work.tasks[0], of: Self.subtasks, at: others[0])
        try until("it has stood still for some timeouts") { ContinuousClock.now > over ? () : nil }
        // What is asked of it waits at its socket, and is an order of a coordinator that was replaced.
        let order = try Binary.run(
          [
            "-c", #"(sleep 0.3; kill -CONT "$4") & exec "$0" submit "$1" --data "$2" --collaboration "$3""#,
            Binary.jointcloud, file, old.node.data, lab.id, "\(old.node.process?.processIdentifier ?? 0)",
          ], program: "/bin/sh", in: network.folder)
        #expect(order.status == 0, "\(order.errors)")
        try until("\(old.node.name) follows") {
          let view = lab.view(at: old.node)
          return view?["term"].number ?? 0 >= new.term && view?["state"].text == "inOffice" ? () : nil
        }
        work.tasks.append(order.text)
        try work.requireAll(at: lab.nodes)
        let terms = try lab.requireTermsTold(at: lab.nodes)
        // What was asked of the old coordinator was decided by the new one, once.
        let submitted = try lab.entries(at: old.node).filter {
          $0["kind"].text == "task.submitted" && $0["number"].number > terms[1]["entry"].number
        }
        #expect(submitted.count == 1)
      }
    }
  }
}
