import Model
import Sodium

/// Several circles over the same members, each in another order that follows from the network and their ids. Nodes with
/// the same view have the same circles, so neighbours choose each other without asking, and probes do not collide.
struct Rings: Sendable {
  static let count = 3

  struct Place: Sendable, Comparable {
    let key: UInt64
    let node: NodeID
    let draw: UInt64

    static func < (left: Place, right: Place) -> Bool { (left.key, left.node) < (right.key, right.node) }
  }

  /// Where a node stands on each circle, and by which number its accusers are drawn.
  struct Keys: Sendable {
    let ring: [UInt64]
    let draw: UInt64

    init(of node: NodeID, in network: NetworkID) {
      let words = Digest(of: Array("JointCloud rings v1\n".utf8) + network.digest.bytes + node.digest.bytes).words
      ring = [words.0, words.1, words.2]
      draw = words.3
    }
  }

  private var circles = [[Place]](repeating: [], count: count)

  /// How many members the circles have.
  var count: Int { circles[0].count }
  /// All of them, in the first circle's order.
  var nodes: some RandomAccessCollection<NodeID> { circles[0].lazy.map(\.node) }
  /// The same, with the numbers by which accusers are drawn.
  var places: [Place] { circles[0] }

  func contains(_ node: NodeID, _ keys: Keys) -> Bool { index(of: node, keys, on: 0).isThere }

  mutating func insert(_ node: NodeID, _ keys: Keys) {
    for ring in circles.indices {
      let (index, isThere) = index(of: node, keys, on: ring)
      if !isThere { circles[ring].insert(Place(key: keys.ring[ring], node: node, draw: keys.draw), at: index) }
    }
  }

  mutating func remove(_ node: NodeID, _ keys: Keys) {
    for ring in circles.indices {
      let (index, isThere) = index(of: node, keys, on: ring)
      if isThere { circles[ring].remove(at: index) }
    }
  }

  /// The members before and after a node on each circle, each once, in that order.
  func neighbours(of node: NodeID, _ keys: Keys) -> [NodeID] {
    var out: [NodeID] = []
    for ring in circles.indices where circles[ring].count > 1 {
      let (index, isThere) = index(of: node, keys, on: ring)
      guard isThere else { continue }
      let circle = circles[ring]
      for place in [index + 1, index + circle.count - 1] {
        let neighbour = circle[place % circle.count].node
        if neighbour != node, !out.contains(neighbour) { out.append(neighbour) }
      }
    }
    return out
  }

  /// The member that `node` is to probe in a period: each is probed by exactly one in every period in which all have
  /// the same view and number of the period.
  func probeTarget(of node: NodeID, _ keys: Keys, period: Int64) -> NodeID? {
    let circle = circles[0]
    let others = Int64(circle.count - 1)
    let (index, isThere) = index(of: node, keys, on: 0)
    guard others > 0, isThere else { return nil }
    // A stride without a common divisor visits every offset before any comes again.
    let stride: Int64 = others.isMultiple(of: 7_919) ? 104_729 : 7_919
    let step = ((period % others) * (stride % others)) % others
    let offset = 1 + Int((step + others) % others)
    return circle[(index + offset) % circle.count].node
  }

  private func index(of node: NodeID, _ keys: Keys, on ring: Int) -> (Int, isThere: Bool) {
    let wanted = Place(key: keys.ring[ring], node: node, draw: keys.draw)
    let circle = circles[ring]
    var (low, high) = (0, circle.count)
    while low < high {
      let middle = (low + high) / 2
      if circle[middle] < wanted { low = middle + 1 } else { high = middle }
    }
    return (low, low < circle.count && circle[low] == wanted)
  }
}
