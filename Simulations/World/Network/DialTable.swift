internal import Model
internal import Overlay

/// Names one try to connect.
struct DialID: Hashable, Comparable, Sendable {
  let number: UInt64

  static func < (left: DialID, right: DialID) -> Bool { left.number < right.number }
}

/// What passes between the two ends of a connection before it is a link.
enum Greeting {
  case message([UInt8])
  /// The other end closed the connection; or nobody listens.
  case closed(why: String)
}

/// One try to connect.
struct Dial {
  let dialler: Int
  let diallerGeneration: Int
  let address: String
  let expecting: NodeID
  let listener: Int
  var near: Handshake?
  var far: Handshake?
  /// The link, once the listening end has opened it.
  var link: (near: LinkID, far: LinkID)?
}

struct DialTable {
  private var dials: [DialID: Dial] = [:]
  private var nextNumber: UInt64 = 1

  subscript(id: DialID) -> Dial? {
    get { dials[id] }
    set { dials[id] = newValue }
  }

  mutating func add(_ dial: Dial) -> DialID {
    let id = DialID(number: nextNumber)
    nextNumber += 1
    dials[id] = dial
    return id
  }
}
