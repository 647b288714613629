internal import Model
internal import Overlay

/// One end of a link.
struct LinkEnd {
  let node: Int
  let other: LinkID
  let otherNode: Int
  /// Frames of one lane keep their order.
  var lastControlArrival: Duration
  var lastBulkArrival: Duration
  /// Frames that a cut holds up, in order.
  var stalled: [(lane: Lane, bytes: [UInt8])] = []
  var stalledByteCount = 0
  /// Which wait for the stall's end is the current one.
  var stallNumber: UInt64 = 0

  var lastArrival: Duration { max(lastControlArrival, lastBulkArrival) }
}

/// The ends of all links, by their id and by host.
struct StreamTable {
  private var ends: [LinkID: LinkEnd] = [:]
  private var linksOfHost: [Set<LinkID>] = []
  /// Ends with frames that a cut holds up.
  private(set) var stalled: Set<LinkID> = []
  private var nextLink: UInt64 = 1

  subscript(link: LinkID) -> LinkEnd? { ends[link] }

  /// In order of their ids.
  func links(of host: Int) -> [LinkID] { linksOfHost[host].sorted() }

  func links(from host: Int, to other: Int) -> [LinkID] { links(of: host).filter { ends[$0]?.otherNode == other } }

  mutating func hostAdded() { linksOfHost.append([]) }

  /// Two ids for the two ends of a link.
  mutating func ids() -> (near: LinkID, far: LinkID) {
    defer { nextLink += 2 }
    return (LinkID(nextLink), LinkID(nextLink + 1))
  }

  /// - Parameter opened: nothing arrives at the other end before.
  mutating func insert(_ link: LinkID, of node: Int, other: LinkID, at otherNode: Int, opened: Duration) {
    ends[link] = LinkEnd(
      node: node, other: other, otherNode: otherNode, lastControlArrival: opened, lastBulkArrival: opened)
    linksOfHost[node].insert(link)
  }

  @discardableResult
  mutating func remove(_ link: LinkID) -> LinkEnd? {
    guard let end = ends.removeValue(forKey: link) else { return nil }
    linksOfHost[end.node].remove(link)
    stalled.remove(link)
    return end
  }

  /// - Parameter earliest: when a frame that leaves now could arrive.
  /// - Returns: when it arrives, behind those of its lane that left before. Control frames overtake bulk frames that
  ///   wait, and no frame overtakes a control frame: it is one stream.
  mutating func arrival(on link: LinkID, _ lane: Lane, earliest: Duration) -> Duration {
    guard let end = ends[link] else { return earliest }
    let arrival = max(
      earliest, end.lastControlArrival, lane == .control ? .zero : end.lastBulkArrival)
    if lane == .control {
      ends[link]?.lastControlArrival = arrival
    } else {
      ends[link]?.lastBulkArrival = arrival
    }
    return arrival
  }

  /// Holds a frame up.
  ///
  /// - Parameter number: of the wait that begins when it is the first.
  /// - Returns: whether it is the first; nil when there is no room for it.
  mutating func stall(_ bytes: [UInt8], on link: LinkID, _ lane: Lane, number: UInt64, byteLimit: Int) -> Bool? {
    guard let end = ends[link], end.stalledByteCount + bytes.count <= byteLimit else { return nil }
    ends[link]?.stalled.append((lane, bytes))
    ends[link]?.stalledByteCount += bytes.count
    if end.stalled.isEmpty { ends[link]?.stallNumber = number }
    return stalled.insert(link).inserted
  }

  mutating func takeStalled(_ link: LinkID) -> [(lane: Lane, bytes: [UInt8])] {
    defer {
      ends[link]?.stalled = []
      ends[link]?.stalledByteCount = 0
      stalled.remove(link)
    }
    return ends[link]?.stalled ?? []
  }
}
