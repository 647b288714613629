internal import Model

/// What an eavesdropper writes down: datagrams, and the messages of handshakes as they pass. When it is full, every
/// other entry is forgotten and from then on fewer are taken, so that the whole span stays covered.
package struct Capture {
  package struct Datagram {
    let at: Duration
    package let from: Int32
    package let to: Int32
    package let bytes: [UInt8]
  }

  private let byteLimit: Int
  package private(set) var datagrams: [Datagram] = []
  /// By dial: what the dialler said, in order, and to whom.
  private(set) var greetings: [DialID: (to: Int, messages: [[UInt8]])] = [:]
  private var byteCount = 0
  private var stride = 1
  private var seen = 0
  /// All that passed, kept or not.
  package private(set) var total = 0

  init(byteLimit: Int) { self.byteLimit = byteLimit }

  package var datagramCount: Int { datagrams.count }
  package var greetingCount: Int { greetings.count }

  mutating func add(_ bytes: [UInt8], from: Int, to: Int, at uptime: Duration) {
    total += 1
    seen += 1
    guard seen % stride == 0 else { return }
    datagrams.append(Datagram(at: uptime, from: Int32(from), to: Int32(to), bytes: bytes))
    byteCount += bytes.count
    if byteCount > byteLimit { thin() }
  }

  private mutating func thin() {
    stride *= 2
    datagrams = datagrams.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
    byteCount = datagrams.reduce(0) { $0 + $1.bytes.count }
  }

  mutating func add(greeting bytes: [UInt8], of dial: DialID, from: Int, to: Int, at uptime: Duration) {
    if let known = greetings[dial] {
      guard known.to == to else { return }
      greetings[dial]?.messages.append(bytes)
    } else if greetings.count < 10_000 {
      greetings[dial] = (to, [bytes])
    }
  }
}
