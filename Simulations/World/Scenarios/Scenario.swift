internal import Model

/// A run of a world that is written down: who is there, what befalls them, and what must come of it.
package struct Scenario: Sendable {
  package static let byteLimit = 256 * 1_024
  static let nodeLimit = 5_000
  static let actLimit = 1_000

  package let name: String
  /// What it shows, for people.
  package let shows: String
  package let nodes: Int
  package let seeds: ClosedRange<UInt64>
  package let duration: Duration
  /// Nodes, from the first, that run from the beginning; acts begin the others.
  let begun: Int
  let realHandshakes: Bool
  let timeline: [(at: Duration, act: ScenarioAct)]
  let expectations: [ScenarioExpectation]

  /// Reads a scenario file: JSON in any spelling. Unknown keys are errors.
  ///
  /// - Throws: `ScenarioError`.
  package init(bytes: [UInt8]) throws(ScenarioError) {
    let json: JSON
    do {
      json = try CanonicalJSON.parseAnyForm(bytes, limit: Self.byteLimit)
    } catch {
      throw .unreadable(reason: "\(error)")
    }
    var object = try ScenarioObject(json, at: "")
    name = try object.text("name")
    shows = try object.text("shows")
    let nodes = try object.integer("nodes", in: 1...Self.nodeLimit)
    self.nodes = nodes
    begun = try object.integerIfAny("begun", in: 0...nodes) ?? nodes
    realHandshakes = nodes < 1_000
    guard let seeds = try object.integersIfAny("seeds", in: 0...Int(JSON.integerLimit)), seeds.count == 2,
      seeds[0] <= seeds[1]
    else { throw .wrongType(place: "seeds", expected: "a list of the first and the last seed") }
    self.seeds = UInt64(seeds[0])...UInt64(seeds[1])
    duration = try object.duration("duration")
    var timeline: [(at: Duration, act: ScenarioAct)] = []
    for var entry in try object.objects("timeline", limit: Self.actLimit) {
      let at = try entry.duration("at")
      timeline.append((at, try ScenarioAct(&entry, nodes: nodes)))
      try entry.end()
    }
    self.timeline = timeline
    var expectations: [ScenarioExpectation] = []
    for var entry in try object.objects("expect", limit: Self.actLimit) {
      expectations.append(try ScenarioExpectation(&entry, nodes: nodes))
      try entry.end()
    }
    guard !expectations.isEmpty else { throw .missingKey(place: "the scenario", key: "expect") }
    self.expectations = expectations
    try object.end()
  }
}
