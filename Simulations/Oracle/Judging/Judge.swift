/// The oracle of a simulated world: told what reaches disks, what leaves nodes and what they act on, it finds what the
/// consensus protocol promises and the nodes did not keep. It knows the formats and rules, and none of the nodes' code.
///
/// Ids of nodes, networks and collaborations are 32 raw bytes; so are heads. Keys have 32 bytes, signatures 64.
/// Tell events in the order in which they happen; what is kept in one transaction, in the order of its writes, before
/// what the transaction lets leave.
package struct Judge: Sendable {
  private var cases: [Digest: Case] = [:]
  /// The order in which collaborations were told, so that nothing depends on a dictionary's.
  private var order: [Digest] = []
  private var docket: Docket

  /// - Parameters:
  ///   - limit: how many findings are kept; the rest is counted.
  ///   - unchecked: rules that a run does not look at; the one by default is stricter than the protocol as written.
  package init(limit: Int = 100, unchecked: Set<Rule> = [.voteOnce]) {
    docket = Docket(limit: limit, unchecked: unchecked)
  }

  package var findings: [Finding] { docket.findings }
  /// How many places broke each rule, kept or not.
  package var counts: [Rule: Int] { docket.counts }

  // MARK: What the world is

  /// The world's time: it stamps findings, and ends the windows of `mustProgress`.
  package mutating func advance(to time: Duration) {
    docket.now = time
    for id in order { cases[id]?.judgeWindows(&docket) }
  }

  /// The key of a node in an epoch. Tell it before anything that it signs.
  package mutating func knows(node: [UInt8], epoch: Int, key: [UInt8]) {
    guard let node = id(node, "a node") else { return }
    if !docket.learn(key, of: Voter(node: node, epoch: epoch)) { misuse("a key of epoch \(epoch), \(key.count) bytes") }
  }

  /// A collaboration, with the canonical bytes of its founding configuration.
  package mutating func founded(
    _ collaboration: [UInt8], network: [UInt8], configuration: [UInt8], founder: [UInt8]
  ) {
    guard let collaboration = id(collaboration, "a collaboration"), let network = id(network, "a network"),
      let founder = id(founder, "a founder"), let configuration = read(configuration)
    else { return }
    guard cases[collaboration] == nil else { return misuse("a collaboration founded twice") }
    order.append(collaboration)
    cases[collaboration] = Case(id: collaboration, network: network, founder: founder, configuration: configuration)
  }

  /// Another configuration of a collaboration, before any entry names it.
  package mutating func configured(_ collaboration: [UInt8], configuration: [UInt8]) {
    guard let collaboration = known(collaboration), let configuration = read(configuration) else { return }
    cases[collaboration]?.add(configuration)
  }

  /// The canonical bytes of a configuration, joint if `next` is given.
  package static func configuration(
    voters: [(node: [UInt8], epoch: Int)], next: [(node: [UInt8], epoch: Int)]? = nil
  ) -> [UInt8] {
    func list(_ voters: [(node: [UInt8], epoch: Int)]) -> JSONValue {
      let ordered = voters.sorted { $0.node.lexicographicallyPrecedes($1.node) }
      return .list(
        ordered.map { voter in
          .object([
            JSONMember(name: "epoch", value: .number(voter.epoch)),
            JSONMember(name: "node", value: .text(Digest.hexadecimal(voter.node))),
          ])
        })
    }
    let word = Configuration.word(for: max(voters.count, next?.count ?? 0))
    var members = [
      JSONMember(name: "quorum", value: .text(word)), JSONMember(name: "voters", value: list(voters)),
    ]
    if let next { members.append(JSONMember(name: "next", value: list(next))) }
    return JSONValue.object(members).canonical
  }

  // MARK: What happens to nodes

  package mutating func crashed(_ node: [UInt8]) {
    if let node = id(node, "a node") { docket.down.insert(node) }
  }

  package mutating func restarted(_ node: [UInt8]) {
    if let node = id(node, "a node") { docket.down.remove(node) }
  }

  /// The node's disk went back to an earlier state: from now on it counts as faulty.
  package mutating func rolledBack(_ node: [UInt8]) { turnedFaulty(node) }

  /// The node keeps no rule from now on. What it signs still counts in certificates.
  package mutating func turnedFaulty(_ node: [UInt8]) {
    if let node = id(node, "a node") { docket.faulty.insert(node) }
  }

  // MARK: What nodes do

  /// Something reached a node's disk.
  package mutating func became(durable kept: Kept, at node: [UInt8], in collaboration: [UInt8]) {
    guard let node = id(node, "a node"), let collaboration = known(collaboration) else { return }
    cases[collaboration]?.keep(kept, at: node, &docket)
  }

  /// A signed statement left a node towards another; also one that the node passes on.
  package mutating func left(statement bytes: [UInt8], signature: [UInt8], by node: [UInt8]) {
    guard let node = id(node, "a node"), let statement = statement(bytes, at: node) else { return }
    guard cases[statement.collaboration] != nil else {
      if statement.author.node == node && docket.isHonest(node) {
        docket.note(
          .foreign, at: Place(node: node, collaboration: statement.collaboration),
          expected: "a collaboration of the world", found: statement.collaboration.hexadecimal)
      }
      return
    }
    cases[statement.collaboration]?.hear(statement, signature, from: node, &docket)
  }

  /// A certificate left a node towards another, alone or in a message.
  package mutating func left(certificate bytes: [UInt8], by node: [UInt8]) {
    guard let node = id(node, "a node") else { return }
    do throws(ReadError) {
      let certificate = try docket.certificate(bytes)
      guard cases[certificate.collaboration] != nil else {
        return malformed(.foreign, at: node, "collaboration \(certificate.collaboration.hexadecimal)")
      }
      cases[certificate.collaboration]?.hear(certificate, from: node, &docket)
    } catch {
      malformed(.canonical, at: node, "\(error)")
    }
  }

  /// A statement reached a node from a person rather than from a node, such as an operator's call for an election.
  package mutating func entered(statement bytes: [UInt8], signature: [UInt8], at node: [UInt8]) {
    guard id(node, "a node") != nil, let statement = try? docket.statement(bytes) else {
      return misuse("a person's statement that does not read")
    }
    guard docket.verifies(signature, over: statement.message, by: statement.author) else { return }
    cases[statement.collaboration]?.count(statement.author, statement.body, &docket)
  }

  /// A node acted on entries up to a number as decided: it showed them, worked on them or answered a person.
  package mutating func decided(_ collaboration: [UInt8], through number: Int, head: [UInt8], by node: [UInt8]) {
    guard let node = id(node, "a node"), let head = id(head, "a head"), let collaboration = known(collaboration)
    else { return }
    cases[collaboration]?.decide(number, head, at: node, &docket)
  }

  /// A node started work that the entry at a number assigns to it.
  package mutating func started(_ collaboration: [UInt8], assignedBy number: Int, by node: [UInt8]) {
    guard let node = id(node, "a node"), let collaboration = known(collaboration) else { return }
    cases[collaboration]?.start(work: number, at: node, &docket)
  }

  // MARK: What must come

  /// The world is quiet from now on: faults are over, `nodes` are honest voters, connected, and a quorum, and something
  /// was submitted. By the deadline each of them has decided `decidedAtLeast`, if none is given one more than any node
  /// had decided when the window began; and each marker is in exactly one decided entry.
  package mutating func mustProgress(
    _ collaboration: [UInt8], by deadline: Duration, decidedAtLeast: Int? = nil, nodes: [[UInt8]],
    markers: [Marker] = []
  ) {
    guard let collaboration = known(collaboration), let found = cases[collaboration] else { return }
    var ids: [Digest] = []
    for node in nodes {
      guard let node = id(node, "a node") else { return }
      ids.append(node)
    }
    cases[collaboration]?.windows.append(
      Window(
        deadline: deadline, floor: decidedAtLeast ?? found.decidedThrough + 1, nodes: ids, markers: markers))
  }

  /// A fault came before the deadline after all: what was awaited is awaited no more.
  package mutating func disturbed(_ collaboration: [UInt8]) {
    if let collaboration = known(collaboration) { cases[collaboration]?.windows.removeAll() }
  }

  /// The end: judges the windows that are open, and that the run had no more faulty nodes than it was to have.
  /// - Returns: all findings that are kept.
  package mutating func settle(atMost faulty: Int) -> [Finding] {
    for id in order { cases[id]?.judgeWindows(all: true, &docket) }
    if docket.faulty.count > faulty {
      docket.note(
        .faultBudget, at: Place(), expected: "at most \(faulty) faulty nodes", found: "\(docket.faulty.count)")
    }
    return docket.findings
  }

  // MARK: Taking what the world tells

  private mutating func misuse(_ found: String) {
    // The count makes each a place of its own.
    docket.note(
      .told, at: Place(number: docket.counts[.told, default: 0]), expected: "what the interface asks for", found: found)
  }

  private mutating func id(_ bytes: [UInt8], _ what: String) -> Digest? {
    let digest = Digest(bytes)
    if digest == nil { misuse("\(what) of \(bytes.count) bytes") }
    return digest
  }

  private mutating func known(_ collaboration: [UInt8]) -> Digest? {
    guard let digest = id(collaboration, "a collaboration") else { return nil }
    guard cases[digest] != nil else {
      misuse("a collaboration that was not founded")
      return nil
    }
    return digest
  }

  private mutating func read(_ configuration: [UInt8]) -> Configuration? {
    do throws(ReadError) {
      return try Configuration(configuration)
    } catch {
      misuse("a configuration: \(error)")
      return nil
    }
  }

  private mutating func statement(_ bytes: [UInt8], at node: Digest) -> Statement? {
    do throws(ReadError) {
      return try docket.statement(bytes)
    } catch {
      malformed(.canonical, at: node, "\(error)")
      return nil
    }
  }

  private mutating func malformed(_ rule: Rule, at node: Digest, _ found: String) {
    guard docket.isHonest(node) else { return }
    docket.note(rule, at: Place(node: node), expected: "the format's bytes, for a known collaboration", found: found)
  }
}
