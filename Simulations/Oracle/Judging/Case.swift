/// One collaboration: what all its nodes have on disk, and what has been signed in it.
struct Case: Sendable {
  let id: Digest
  let network: Digest
  let founder: Digest
  let founding: Digest
  let start: Position

  /// In the order in which the world told them.
  private(set) var configurations: [Configuration] = []
  var disks: [Digest: Disk] = [:]
  /// Every entry that any node kept.
  var entries: [Digest: Entry] = [:]
  var tally = Tally()

  /// The decided chain as honest nodes claim it.
  var agreed: [Digest] = []
  /// What a quorum has confirmed, by number.
  var committed: [Int: Position] = [:]
  /// The highest number that a quorum has confirmed in a term.
  var commitTops: [Int: Position] = [:]
  var preparedHeads: [Spot: Digest] = [:]
  var elected: [Int: Digest] = [:]
  /// Positions of the election certificates of a term, in the order in which they were seen.
  var bases: [Int: [Position]] = [:]
  /// Positions for which a certificate can exist.
  var certified: Set<Position>
  /// Terms that a quorum, a person or a coordinator asked for.
  var grounds: Set<Int> = [1]
  var windows: [Window] = []

  init(id: Digest, network: Digest, founder: Digest, configuration: Configuration) {
    self.id = id
    self.network = network
    self.founder = founder
    founding = configuration.digest
    start = Position(term: 1, number: 0, head: id)
    certified = [start]
    configurations = [configuration]
  }

  mutating func add(_ configuration: Configuration) {
    if self.configuration(configuration.digest) == nil { configurations.append(configuration) }
  }

  func configuration(_ digest: Digest?) -> Configuration? {
    configurations.first { $0.digest == digest }
  }

  /// The configuration that the entry names; the founding one at the start. None for an entry that nobody kept.
  func configuration(at position: Position) -> Digest? {
    position.number == 0 ? founding : entries[position.head]?.configuration
  }

  /// The hash at `number` on the chain that ends in `position`, as far as its entries are known.
  func ancestor(of position: Position, at number: Int, on disk: Disk? = nil) -> Digest? {
    guard number <= position.number else { return nil }
    if let disk, disk.head(at: position.number, start: id) == position.head {
      return disk.head(at: number, start: id)
    }
    var head = position.head
    var place = position.number
    while place > number {
      guard let entry = entries[head], entry.number == place else { return nil }
      head = entry.previous
      place -= 1
    }
    return head
  }

  func place(_ node: Digest? = nil, term: Int? = nil, number: Int? = nil) -> Place {
    Place(node: node, collaboration: id, term: term, number: number)
  }

  /// Takes a node's disk out, so that a change of it copies nothing.
  mutating func withDisk<Result>(of node: Digest, _ body: (inout Case, inout Disk) -> Result) -> Result {
    var disk = disks.removeValue(forKey: node) ?? Disk(start: start)
    defer { disks[node] = disk }
    return body(&self, &disk)
  }
}
