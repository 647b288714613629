/// A place in the history as votes compare it. The order is by term and number; the head only names the chain.
struct Position: Hashable, Sendable, CustomStringConvertible {
  let term: Int
  let number: Int
  let head: Digest

  init(term: Int, number: Int, head: Digest) {
    self.term = term
    self.number = number
    self.head = head
  }

  init(_ value: JSONValue) throws(ReadError) {
    let fields = try Fields(value, of: "position", exactly: ["head", "number", "term"])
    self.init(
      term: try fields.number("term", atLeast: 1), number: try fields.number("number", atLeast: 0),
      head: try fields.digest("head"))
  }

  var spot: Spot { Spot(term: term, number: number) }
  var description: String { "term \(term), number \(number), head \(head.short)" }
}

/// A term and a number: what at most one head may be signed for.
struct Spot: Hashable, Comparable, Sendable {
  let term: Int
  let number: Int

  static func < (left: Spot, right: Spot) -> Bool { (left.term, left.number) < (right.term, right.number) }
}

/// What a statement of the protocol says.
enum Pledge: Hashable, Sendable {
  /// Entries `first` to the position's number.
  case proposal(first: Int, Position)
  case ack(Position)
  case confirm(Position)
  case preVote(term: Int)
  case vote(candidate: Digest, position: Position, term: Int)
  case call(term: Int)
  case transfer(successor: Digest, term: Int)
  /// A purpose that is none of the protocol's.
  case other

  var term: Int? {
    switch self {
    case .proposal(_, let position), .ack(let position), .confirm(let position): position.term
    case .preVote(let term), .vote(_, _, let term), .call(let term), .transfer(_, let term): term
    case .other: nil
    }
  }

  var number: Int? {
    switch self {
    case .proposal(_, let position), .ack(let position), .confirm(let position): position.number
    case .vote(_, let position, _): position.number
    case .preVote, .call, .transfer, .other: nil
    }
  }
}

/// A body: what is said, and by the voters of which configuration.
struct Body: Hashable, Sendable {
  let configuration: Digest?
  let pledge: Pledge

  init(_ value: JSONValue, purpose: String) throws(ReadError) {
    func fields(_ names: String...) throws(ReadError) -> Fields {
      try Fields(value, of: purpose, exactly: names + ["configuration", "term"])
    }
    func position(_ fields: Fields, at name: String) throws(ReadError) -> Position {
      Position(
        term: try fields.number("term", atLeast: 1), number: try fields.number(name, atLeast: 0),
        head: try fields.digest("head"))
    }
    let taken: Fields
    switch purpose {
    case "proposal":
      taken = try fields("first", "head", "last")
      let last = try position(taken, at: "last")
      let first = try taken.number("first", atLeast: 1)
      guard first <= last.number else { throw .member("first") }
      pledge = .proposal(first: first, last)
    case "ack":
      taken = try fields("head", "number")
      pledge = .ack(try position(taken, at: "number"))
    case "confirm":
      taken = try fields("head", "number")
      pledge = .confirm(try position(taken, at: "number"))
    case "preVote":
      taken = try fields()
      pledge = .preVote(term: try taken.number("term", atLeast: 1))
    case "vote":
      taken = try fields("candidate", "position")
      pledge = .vote(
        candidate: try taken.digest("candidate"), position: try Position(try taken.any("position")),
        term: try taken.number("term", atLeast: 1))
    case "election.call":
      taken = try fields("person", "reason")
      pledge = .call(term: try taken.number("term", atLeast: 1))
    case "election.transfer":
      taken = try fields("person", "successor")
      pledge = .transfer(successor: try taken.digest("successor"), term: try taken.number("term", atLeast: 1))
    default:
      configuration = nil
      pledge = .other
      return
    }
    configuration = try taken.digest("configuration")
  }
}
