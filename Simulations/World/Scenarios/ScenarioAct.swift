/// Whom an act befalls.
enum Chosen: Hashable, Sendable {
  case these([Int])
  /// So many of those that run, chosen by the seed; never the first node.
  case any(Int)
}

/// What befalls a world at a time.
enum ScenarioAct: Sendable {
  enum Word: String, CaseIterable {
    case begin, broadcast, crash, vanish, restart, pause, resume, leave, clone
    case lose, duplicate, reorder, corrupt
    case cut, cutOneWay, cutDatagrams, heal, partition, isolate, rejoin, healAll, slow
    case stepClock, driftClock
    case churn, capture, replay, replayGreetings, garbage
    case withhold, alter, behave, lie, flood
  }

  enum DatagramFault: Sendable { case loss, duplication, reordering, corruption }

  case begin(Chosen)
  case broadcast(from: Int, count: Int, every: Duration, label: String)
  case crash(Chosen, silently: Bool)
  case restart(Chosen)
  case pause(Chosen, for: Duration?)
  case resume(Chosen)
  case leave(Chosen)
  case clone(Int)
  case damage(DatagramFault, permille: Int)
  case cut(from: Int, to: Int, oneWay: Bool)
  /// Streams pass, datagrams do not.
  case cutDatagrams(from: Int, to: Int)
  case heal(from: Int, to: Int)
  case partition([[Int]])
  case isolate(Chosen)
  case rejoin(Chosen)
  case healAll
  /// From now on everything between two hosts takes so much longer, both ways.
  case slow(from: Int, to: Int, by: Duration)
  case stepClock(Chosen, milliseconds: Int64)
  case driftClock(Chosen, ppm: Int)
  /// Every so often one node goes down, by a crash or with a goodbye, and comes back after a time.
  case churn(every: Duration, for: Duration, down: Duration)
  case capture(byteLimit: Int)
  case replay(over: Duration)
  case replayGreetings
  /// Outsiders send random bytes to a node.
  case garbage(to: Int, perSecond: Int, for: Duration)
  /// A relay passes on nothing of what is broadcast, or damages what it passes on.
  case withhold(Int)
  case alter(Int, permille: Int)
  case behave(Int)
  /// A member accuses others to everybody, again and again.
  case lie(Int, about: [Int], perSecond: Int, for: Duration)
  /// A member pushes announcements past its quota.
  case flood(Int, perSecond: Int, for: Duration)
  case disk(DiskAct)

  init(_ object: inout ScenarioObject, nodes: Int) throws(ScenarioError) {
    let indices = 0...(nodes - 1)
    let permille = 0...1_000
    if let word = object.wordIfKnown("act", of: DiskAct.Word.self) {
      self = .disk(try DiskAct(word, &object, indices))
      return
    }
    switch try object.word("act", of: Word.self, besides: DiskAct.Word.allCases.map(\.rawValue)) {
    case .begin: self = .begin(try Self.chosen(&object, indices))
    case .broadcast:
      self = .broadcast(
        from: try object.integer("from", in: indices), count: try object.integerIfAny("count", in: 1...100_000) ?? 1,
        every: try object.durationIfAny("every") ?? .seconds(1), label: try object.textIfAny("label") ?? "b")
    case .crash: self = .crash(try Self.chosen(&object, indices), silently: false)
    case .vanish: self = .crash(try Self.chosen(&object, indices), silently: true)
    case .restart: self = .restart(try Self.chosen(&object, indices))
    case .pause: self = .pause(try Self.chosen(&object, indices), for: try object.durationIfAny("for"))
    case .resume: self = .resume(try Self.chosen(&object, indices))
    case .leave: self = .leave(try Self.chosen(&object, indices))
    case .clone: self = .clone(try object.integer("node", in: indices))
    case .lose: self = .damage(.loss, permille: try object.integer("permille", in: permille))
    case .duplicate: self = .damage(.duplication, permille: try object.integer("permille", in: permille))
    case .reorder: self = .damage(.reordering, permille: try object.integer("permille", in: permille))
    case .corrupt: self = .damage(.corruption, permille: try object.integer("permille", in: permille))
    case .cut: self = try Self.cut(&object, indices, oneWay: false)
    case .cutOneWay: self = try Self.cut(&object, indices, oneWay: true)
    case .cutDatagrams:
      self = .cutDatagrams(from: try object.integer("from", in: indices), to: try object.integer("to", in: indices))
    case .heal:
      self = .heal(from: try object.integer("from", in: indices), to: try object.integer("to", in: indices))
    case .partition: self = .partition(try object.groups("groups", in: indices))
    case .isolate: self = .isolate(try Self.chosen(&object, indices))
    case .rejoin: self = .rejoin(try Self.chosen(&object, indices))
    case .healAll: self = .healAll
    case .slow:
      self = .slow(
        from: try object.integer("from", in: indices), to: try object.integer("to", in: indices),
        by: try object.duration("by"))
    case .stepClock:
      self = .stepClock(try Self.chosen(&object, indices), milliseconds: try object.milliseconds("by"))
    case .driftClock:
      self = .driftClock(try Self.chosen(&object, indices), ppm: try object.integer("ppm", in: -400_000...400_000))
    case .churn:
      self = .churn(
        every: try object.duration("every"), for: try object.duration("for"), down: try object.duration("down"))
    case .capture:
      self = .capture(byteLimit: (try object.integerIfAny("mebibytes", in: 1...4_096) ?? 256) << 20)
    case .replay: self = .replay(over: try object.duration("over"))
    case .replayGreetings: self = .replayGreetings
    case .garbage:
      self = .garbage(
        to: try object.integer("to", in: indices), perSecond: try object.integer("perSecond", in: 1...100_000),
        for: try object.duration("for"))
    case .withhold: self = .withhold(try object.integer("node", in: indices))
    case .alter:
      self = .alter(
        try object.integer("node", in: indices), permille: try object.integer("permille", in: permille))
    case .lie: self = try Self.lie(&object, indices)
    case .flood:
      self = .flood(
        try object.integer("node", in: indices), perSecond: try object.integer("perSecond", in: 1...100_000),
        for: try object.duration("for"))
    case .behave: self = .behave(try object.integer("node", in: indices))
    }
  }

  private static func cut(
    _ object: inout ScenarioObject, _ indices: ClosedRange<Int>, oneWay: Bool
  ) throws(ScenarioError) -> ScenarioAct {
    .cut(from: try object.integer("from", in: indices), to: try object.integer("to", in: indices), oneWay: oneWay)
  }

  private static func lie(
    _ object: inout ScenarioObject, _ indices: ClosedRange<Int>
  ) throws(ScenarioError) -> ScenarioAct {
    guard let about = try object.integersIfAny("about", in: indices) else {
      throw .missingKey(place: object.place, key: "about")
    }
    return .lie(
      try object.integer("node", in: indices), about: about,
      perSecond: try object.integer("perSecond", in: 1...1_000), for: try object.duration("for"))
  }

  /// `node`, `nodes` or `any`.
  static func chosen(
    _ object: inout ScenarioObject, _ indices: ClosedRange<Int>
  ) throws(ScenarioError) -> Chosen {
    if let node = try object.integerIfAny("node", in: indices) { return .these([node]) }
    if let nodes = try object.integersIfAny("nodes", in: indices) { return .these(nodes) }
    if let count = try object.integerIfAny("any", in: 1...(indices.upperBound + 1)) { return .any(count) }
    throw .missingKey(place: object.place, key: "node, nodes or any")
  }
}
