internal import Engine
internal import Model
internal import Overlay

/// What a network of so many nodes takes, in virtual time.
package struct OverlayFigures: Sendable {
  package let nodes: Int
  /// All begin at once: until each sees all; nil when that took over two minutes.
  package var joinAllMilliseconds: Int?
  /// One more begins: until it sees all and all see it.
  package var newcomerMilliseconds: Int?
  /// Of all deliveries of the broadcasts.
  package var broadcastP50Milliseconds = 0
  package var broadcastP99Milliseconds = 0
  /// The last node of the slowest broadcast.
  package var broadcastLastMilliseconds = 0
  package var broadcastMissed = 0
  package var copiesPermille = 0
  package var hopsMost = 0
  package var hopsMeanPermille = 0
  /// A process dies: until all that run hold it for failed.
  package var killKnownMilliseconds: Int?
  package var falseDeaths = 0
  // An idle node, in a second.
  package var datagramsPermille = 0
  package var datagramBytes = 0
  package var frameBytes = 0
  package var steps = 0
  package var realSeconds = 0.0

  /// Under each figure's key, in order.
  package var values: [(key: String, value: Double?)] {
    [
      ("nodes", Double(nodes)), ("join_all_ms", joinAllMilliseconds.map(Double.init)),
      ("newcomer_ms", newcomerMilliseconds.map(Double.init)),
      ("broadcast_p50_ms", Double(broadcastP50Milliseconds)), ("broadcast_p99_ms", Double(broadcastP99Milliseconds)),
      ("broadcast_last_ms", Double(broadcastLastMilliseconds)), ("broadcast_missed", Double(broadcastMissed)),
      ("broadcast_copies", Double(copiesPermille) / 1_000), ("hops_most", Double(hopsMost)),
      ("hops_mean", Double(hopsMeanPermille) / 1_000), ("kill_known_all_ms", killKnownMilliseconds.map(Double.init)),
      ("false_deaths", Double(falseDeaths)), ("idle_datagrams_per_s", Double(datagramsPermille) / 1_000),
      ("idle_datagram_bytes_per_s", Double(datagramBytes)), ("idle_frame_bytes_per_s", Double(frameBytes)),
      ("steps", Double(steps)), ("real_s", realSeconds),
    ]
  }
}

/// Finds the figures of one network.
package struct OverlayMeasurement {
  private let network: SimulatedNetwork
  private var figures: OverlayFigures
  private let note: (String) -> Void

  /// - Parameters:
  ///   - note: hears how far it is.
  private init(nodes: Int, seed: UInt64, note: @escaping (String) -> Void) throws {
    network = try SimulatedNetwork(seed: seed, [])
    network.hasFingerprint = false
    network.noticesKept = 0
    network.stepLimit = .max
    network.realHandshakes = nodes < 1_000
    for index in 0..<nodes { try network.add(.plain(index), begins: false) }
    figures = OverlayFigures(nodes: nodes)
    self.note = note
  }

  package static func run(nodes: Int, seed: UInt64, note: @escaping (String) -> Void) throws -> OverlayFigures {
    let clock = ContinuousClock()
    let began = clock.now
    var measurement = try OverlayMeasurement(nodes: nodes, seed: seed, note: note)
    try measurement.joinAll()
    measurement.rest()
    measurement.idle()
    measurement.broadcast()
    try measurement.newcomer()
    measurement.rest()
    measurement.kill()
    measurement.figures.falseDeaths = measurement.network.observations.falseDeathCount
    measurement.figures.steps = measurement.network.steps
    measurement.figures.realSeconds = (clock.now - began) / .seconds(1)
    return measurement.figures
  }

  /// - Returns: how long it took, in milliseconds.
  private func time(atMost limit: Duration, _ condition: (SimulatedNetwork) -> Bool) -> Int? {
    let began = network.now.uptime
    guard network.run(for: limit, lookingEvery: .milliseconds(10), until: condition) else { return nil }
    return Int((network.now.uptime - began).milliseconds)
  }

  private mutating func joinAll() throws {
    for index in network.nodes.indices { try network.boot(index) }
    var sweep = Sweep()
    figures.joinAllMilliseconds = time(atMost: .seconds(120)) { sweep.allSeeAll(in: $0) }
    note("\(figures.nodes) nodes: all see all after \(figures.joinAllMilliseconds ?? -1) ms")
  }

  /// Until what the last change brought about is over.
  private func rest() { network.run(for: .seconds(40)) }

  private mutating func idle() {
    let before = traffic
    let length = Duration.seconds(30)
    network.run(for: length)
    let after = traffic
    let nodeSeconds = figures.nodes * Int(length / .seconds(1))
    figures.datagramsPermille = (after.datagrams - before.datagrams) * 1_000 / nodeSeconds
    figures.datagramBytes = (after.datagramBytes - before.datagramBytes) / nodeSeconds
    figures.frameBytes = (after.frameBytes - before.frameBytes) / nodeSeconds
    note("\(figures.nodes) nodes: \(figures.datagramBytes) B/s a node in datagrams")
  }

  private var traffic: (datagrams: Int, datagramBytes: Int, frameBytes: Int, bodies: Int, taken: Int, hops: Int) {
    network.nodes.reduce((0, 0, 0, 0, 0, 0)) { sum, node in
      let traffic = node.engine.overlay.traffic
      return (
        sum.0 + traffic.datagramsSent, sum.1 + traffic.datagramBytesSent, sum.2 + traffic.frameBytesSent,
        sum.3 + traffic.factBodiesReceived, sum.4 + traffic.factsTaken, sum.5 + traffic.factHops
      )
    }
  }

  private mutating func broadcast() {
    // The first ones shape the tree.
    for number in 0..<5 { send("shaping-\(number)") }
    network.run(for: .seconds(5))
    let before = traffic
    let texts = (0..<20).map { "figure-\($0)" }
    for text in texts { send(text) }
    network.run(for: .seconds(10))
    let after = traffic
    var delays: [Int64] = []
    for text in texts {
      guard let delivery = network.observations.deliveries[text] else {
        figures.broadcastMissed += figures.nodes
        continue
      }
      delays += delivery.told.values.map { ($0 - delivery.sent).milliseconds }
      figures.broadcastMissed += network.missing(text).count
    }
    delays.sort()
    guard let last = delays.last else { return }
    figures.broadcastP50Milliseconds = Int(delays[delays.count / 2])
    figures.broadcastP99Milliseconds = Int(delays[delays.count * 99 / 100])
    figures.broadcastLastMilliseconds = Int(last)
    let taken = max(1, after.taken - before.taken)
    figures.copiesPermille = (after.bodies - before.bodies) * 1_000 / taken
    figures.hopsMeanPermille = (after.hops - before.hops) * 1_000 / taken
    figures.hopsMost = network.nodes.reduce(0) { max($0, $1.engine.overlay.traffic.factHopsMost) }
    note("\(figures.nodes) nodes: a broadcast is everywhere after \(last) ms")
  }

  private func send(_ text: String) {
    network.broadcast(text, from: Int.random(in: 0..<figures.nodes, using: &network.random))
    network.run(for: .seconds(1))
  }

  private mutating func newcomer() throws {
    let index = try network.add(NodePlan(name: "newcomer", offer: .zero))
    let all = network.live
    figures.newcomerMilliseconds = time(atMost: .seconds(120)) {
      $0.all(all, hold: [index], [.alive]) && $0.all([index], hold: all, [.alive])
    }
    note("\(figures.nodes) nodes: a newcomer is known after \(figures.newcomerMilliseconds ?? -1) ms")
  }

  private mutating func kill() {
    let victim = figures.nodes / 2
    network.crash(victim)
    let live = network.live
    figures.killKnownMilliseconds = time(atMost: .seconds(120)) { $0.all(live, hold: [victim], [.failed]) }
    note("\(figures.nodes) nodes: a death is known after \(figures.killKnownMilliseconds ?? -1) ms")
  }
}

/// Looks at all pairs, from the one on that was missing last.
private struct Sweep {
  private var observer = 0
  private var subject = 0

  mutating func allSeeAll(in network: SimulatedNetwork) -> Bool {
    let count = network.nodes.count
    var isWhole = observer == 0 && subject == 0
    while true {
      while observer < count {
        while subject < count {
          if subject != observer, network.observations.sighting(of: subject, by: observer)?.state != .alive {
            return false
          }
          subject += 1
        }
        subject = 0
        observer += 1
      }
      observer = 0
      if isWhole { return true }
      isWhole = true
    }
  }
}
