import Foundation
import Testing

/// A collaboration of all nodes of a test: who coordinates it, what is decided in it, what work it is given.
struct Collaboration {
  /// Who coordinates, as it says itself.
  struct Office {
    var node: TestNode
    var term: Int
  }

  let network: TestNetwork
  let nodes: [TestNode]
  let id: String

  /// The first node founds it; it is open at all when this returns.
  init(of nodes: [TestNode], in network: TestNetwork) throws {
    let made = try nodes[0].run("collaboration", "create", "--name", "lab", "--cpu", "100m", "--memory", "16Mi")
    guard made.status == 0 else { throw Missed("collaboration create: \(made.errors)") }
    (self.network, self.nodes, id) = (network, nodes, made.text)
    try until("the collaboration is open everywhere") { () -> Void? in
      for node in nodes {
        guard let view = view(at: node), view["state"].text == "inOffice", view["voters"].list.count == nodes.count
        else { return nil }
      }
      return ()
    }
  }

  // MARK: Who coordinates

  /// nil where the node does not run, or does not know the collaboration yet.
  func view(at node: TestNode) -> JSON? {
    guard node.isRunning else { return nil }
    return try? node.ask("election", "show", id)
  }

  /// Waits for a coordinator of a term after `term` that says itself, of itself, that it is in office.
  func office(after term: Int = 0, among candidates: [TestNode]? = nil, seconds: Double = 45) throws -> Office {
    try until("a node is in office after term \(term)", seconds: seconds) {
      for node in candidates ?? nodes {
        guard let view = view(at: node), view["state"].text == "inOffice", view["term"].number > term,
          view["coordinatorName"].text == node.name
        else { continue }
        return Office(node: node, term: view["term"].number)
      }
      return nil
    }
  }

  /// Every node tells the same terms, and of each who coordinated it, why, and by whose votes.
  func requireTermsTold(at nodes: [TestNode]) throws -> [JSON] {
    func told(by node: TestNode) throws -> [JSON] { try node.ask("election", "why", id).list }
    let terms = try told(by: nodes[0])
    for node in nodes.dropFirst() {
      #expect(try told(by: node).map(Self.identity) == terms.map(Self.identity), "\(node.name) tells other terms")
    }
    #expect(terms.first?["cause"].text == "founded")
    #expect(zip(terms, terms.dropFirst()).allSatisfy { $0["term"].number < $1["term"].number }, "\(terms)")
    for term in terms.dropFirst() {
      #expect(["lost", "idle", "called", "transferred"].contains(term["cause"].text), "\(term.value ?? "")")
      #expect(!term["byName"].text.isEmpty && 2 * term["votes"].list.count > self.nodes.count, "\(term.value ?? "")")
    }
    return terms
  }

  private static func identity(_ term: JSON) -> [String] {
    [term["coordinatorName"].text, term["cause"].text, "\(term["term"].number)", "\(term["entry"].number)"]
  }

  // MARK: What is decided

  func entries(at node: TestNode) throws -> [JSON] {
    try node.ask("ledger", "show", id, "--limit", "10000").list
  }

  /// The hashes of what is decided at a node, by number.
  func decided(at node: TestNode) throws -> [Int: String] {
    let decided = try entries(at: node).filter { $0["state"].text == "decided" }
    return Dictionary(uniqueKeysWithValues: decided.map { ($0["number"].number, $0["hash"].text) })
  }

  /// How many entries are decided at a node; 0 where it does not say.
  func decidedCount(at node: TestNode) -> Int {
    guard node.isRunning, let ledgers = try? node.ask("ledger", "list").list else { return 0 }
    return ledgers.first { $0["collaboration"].text == id }?["entries"].number ?? 0
  }

  /// Waits until a node has decided all that `other` has decided now.
  func untilCaughtUp(_ node: TestNode, with other: TestNode) throws {
    let count = decidedCount(at: other)
    try until("\(node.name) has caught up with \(other.name)") { decidedCount(at: node) >= count ? () : nil }
  }

  /// What was decided before stands at this node, unchanged.
  func requireKept(_ before: [Int: String], at node: TestNode) throws {
    let now = try decided(at: node)
    for (number, hash) in before {
      #expect(now[number] == hash, "entry \(number) was decided and is another one at \(node.name)")
    }
  }

  /// All hold one ledger, whole for both verifiers.
  func requireOneLedger(at nodes: [TestNode]) throws {
    try network.requireEqualLedgers(of: JSON(["collaboration": id]), at: nodes)
  }

  // MARK: Work

  func submit(_ file: String, at node: TestNode) throws -> String {
    try node.submit(file, "--collaboration", id)
  }

  /// A task of so many subtasks and one that reduces ends well, with one success counted for each. Who restarted may
  /// report again what had counted, beside what is new: that counts for nothing.
  func requireCountedOnce(_ task: String, of count: Int, at node: TestNode, seconds: Double = 90) throws {
    try until("task \(task.prefix(8)) is known at \(node.name)") {
      try node.run("task", "show", task).status == 0 ? () : nil
    }
    let detail = try node.finish(task, seconds: seconds)
    #expect(detail["task"]["state"].text == "succeeded", "\(detail["task"]["reason"].text)")
    let counted = detail["participants"].list.reduce(0) { $0 + $1["succeeded"].number }
    #expect(counted == count + 1, "\(counted) successes of \(count) subtasks and one that reduces")
    let successes = try entries(at: node).filter { $0["kind"].text == "results.reported" }
      .map { $0["body"]["report"]["statement"]["body"] }.filter { $0["task"].text == task }
      .flatMap { $0["results"].list }.filter { $0["failure"].value == nil }.map { $0["subtask"].number }
    #expect(Set(successes) == Set(0...count), "on the ledger: \(successes.sorted())")
  }

  /// So does one of `TestNetwork.adding(_:to:)`, and its sum is right where it was asked for.
  func requireSum(to count: Int, of task: String, at submitter: TestNode, seconds: Double = 90) throws {
    try requireCountedOnce(task, of: count, at: submitter, seconds: seconds)
    let right = "\(count * (count + 1) / 2)"
    try until("the right result is at \(submitter.name)") {
      let got = try submitter.run("task", "get", task, "--stdout")
      return got.status == 0 && got.text == right ? () : nil
    }
  }
}

/// Choices that a printed seed repeats.
struct SeededChoices {
  private var state: UInt64

  /// - Parameter purpose: what is chosen, for who reads the output.
  init(_ purpose: String) {
    let seed =
      ProcessInfo.processInfo.environment["JOINTCLOUD_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 1...999_999)
    print("seed of \(purpose): \(seed) (JOINTCLOUD_SEED repeats them)")
    state = seed
  }

  mutating func next(below bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int((state >> 33) % UInt64(bound))
  }
}

/// Whether tests run that take a minute or more each: by hand, with `JOINTCLOUD_ROUNDS`.
let hasTime = ProcessInfo.processInfo.environment["JOINTCLOUD_ROUNDS"] != nil

/// How often a loop goes round: few times in CI, `JOINTCLOUD_ROUNDS` by hand.
func rounds(_ usual: Int) -> Int {
  ProcessInfo.processInfo.environment["JOINTCLOUD_ROUNDS"].flatMap { Int($0) } ?? usual
}
