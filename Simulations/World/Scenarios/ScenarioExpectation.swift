internal import Overlay

/// What must come of a scenario: at a time, or in the end.
struct ScenarioExpectation: Sendable {
  enum Word: String, CaseIterable {
    case allSeeAll, seeAlive, seeFailed, seeLeft, noFalseDeaths, broadcastsMissed, broadcastsRepeated, copies, hops
    case fired, dropped, noHastyRemovals, suspicions, strangeAnnouncements, namesClone, capturedAll
  }

  enum What: Sendable {
    /// Everybody who runs holds everybody who runs for alive.
    case allSeeAll
    /// Everybody who runs, or of those only some, holds these for what is said.
    case see([Int], as: MemberState, observers: [Int]?)
    case noFalseDeaths
    case broadcastsMissed(atMost: Int)
    case broadcastsRepeated(atMost: Int)
    /// Copies of a broadcast that a node received on average, in thousandths.
    case copies(atMostPermille: Int)
    case hops(atMost: Int)
    /// Faults that came about.
    case fired([FaultKind])
    /// Nodes dropped something for this reason, all together so often.
    case dropped(reason: String, atLeast: Int)
    /// Nobody who was well was taken for failed on the word of fewer than the needed accusers.
    case noHastyRemovals
    /// Nodes that were well were suspected by others that were well so often: the lies were heard.
    case suspicions(atLeast: Int)
    /// What a flooder pushed: so many at any one node.
    case strangeAnnouncements(atMost: Int)
    /// Every process of this node knows that it is not the only one, and somebody else knows it too.
    case namesClone(node: Int)
    /// The eavesdropper kept all datagrams that passed.
    case capturedAll
  }

  let what: What
  let by: Duration?

  init(_ object: inout ScenarioObject, nodes: Int) throws(ScenarioError) {
    let indices = 0...(nodes - 1)
    let many = 0...1_000_000_000
    by = try object.durationIfAny("by")
    switch try object.word("that", of: Word.self) {
    case .allSeeAll: what = .allSeeAll
    case .seeAlive: what = try Self.see(.alive, &object, indices)
    case .seeFailed: what = try Self.see(.failed, &object, indices)
    case .seeLeft: what = try Self.see(.left, &object, indices)
    case .noFalseDeaths: what = .noFalseDeaths
    case .broadcastsMissed: what = .broadcastsMissed(atMost: try object.integer("atMost", in: many))
    case .broadcastsRepeated: what = .broadcastsRepeated(atMost: try object.integer("atMost", in: many))
    case .copies: what = .copies(atMostPermille: try object.integer("atMostPermille", in: many))
    case .hops: what = .hops(atMost: try object.integer("atMost", in: many))
    case .fired: what = .fired(try Self.faults(&object))
    case .dropped:
      what = .dropped(reason: try object.text("reason"), atLeast: try object.integer("atLeast", in: many))
    case .noHastyRemovals: what = .noHastyRemovals
    case .suspicions: what = .suspicions(atLeast: try object.integer("atLeast", in: many))
    case .strangeAnnouncements: what = .strangeAnnouncements(atMost: try object.integer("atMost", in: many))
    case .namesClone: what = .namesClone(node: try object.integer("node", in: indices))
    case .capturedAll: what = .capturedAll
    }
  }

  private static func see(
    _ state: MemberState, _ object: inout ScenarioObject, _ indices: ClosedRange<Int>
  ) throws(ScenarioError) -> What {
    guard let nodes = try object.integersIfAny("nodes", in: indices), !nodes.isEmpty else {
      throw .missingKey(place: object.place, key: "nodes")
    }
    return .see(nodes, as: state, observers: try object.integersIfAny("observers", in: indices))
  }

  private static func faults(_ object: inout ScenarioObject) throws(ScenarioError) -> [FaultKind] {
    var out: [FaultKind] = []
    for name in try object.text("faults").split(separator: " ").map(String.init) {
      guard let kind = FaultKind(rawValue: name) else {
        throw .unknownWord(
          place: "\(object.place).faults", word: name, known: FaultKind.allCases.map(\.rawValue))
      }
      out.append(kind)
    }
    return out
  }
}
