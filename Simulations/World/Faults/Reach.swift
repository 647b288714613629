/// From one host to another.
package struct Path: Hashable, Sendable {
  package let from: Int
  package let to: Int

  package init(from: Int, to: Int) {
    self.from = from
    self.to = to
  }
}

/// Who reaches whom.
struct Reach {
  private var cuts: Set<Path> = []
  /// Where streams pass and datagrams do not.
  private var datagramCuts: Set<Path> = []
  /// Hosts of different groups do not reach each other; without an entry a host is in group 0.
  private var groups: [Int: Int] = [:]
  private var isolated: Set<Int> = []

  func isCut(from: Int, to: Int) -> Bool {
    if !cuts.isEmpty, cuts.contains(Path(from: from, to: to)) { return true }
    if !isolated.isEmpty, from != to, isolated.contains(from) || isolated.contains(to) { return true }
    return !groups.isEmpty && (groups[from] ?? 0) != (groups[to] ?? 0)
  }

  func isCutForDatagrams(from: Int, to: Int) -> Bool {
    if !datagramCuts.isEmpty, datagramCuts.contains(Path(from: from, to: to)) { return true }
    return isCut(from: from, to: to)
  }

  mutating func cut(_ path: Path) { cuts.insert(path) }
  mutating func cutDatagrams(_ path: Path) { datagramCuts.insert(path) }

  mutating func mend(_ path: Path) {
    cuts.remove(path)
    datagramCuts.remove(path)
  }

  mutating func isolate(_ host: Int) { isolated.insert(host) }
  mutating func rejoin(_ host: Int) { isolated.remove(host) }

  mutating func part(_ groups: [[Int]]) {
    self.groups = [:]
    for (number, group) in groups.enumerated() {
      for host in group { self.groups[host] = number + 1 }
    }
  }

  mutating func mendAll() { self = Reach() }
}

/// How long datagrams and frames are on their way.
package struct Latencies: Sendable {
  /// Between nodes of one zone, in microseconds.
  package var withinZone: ClosedRange<Int64> = 200...2_000
  /// Between nodes of different zones, in microseconds.
  package var betweenZones: ClosedRange<Int64> = 10_000...40_000
  /// What comes on top on single paths.
  package var added: [Path: Duration] = [:]
  /// What comes on top for streams alone.
  package var addedToStreams: [Path: Duration] = [:]

  package init() {}

  func draw(_ path: Path, isSameZone: Bool, isStream: Bool, _ random: inout some RandomNumberGenerator) -> Duration {
    var latency = Duration.microseconds(Int64.random(in: isSameZone ? withinZone : betweenZones, using: &random))
    if !added.isEmpty { latency += added[path] ?? .zero }
    if isStream, !addedToStreams.isEmpty { latency += addedToStreams[path] ?? .zero }
    return latency
  }
}
