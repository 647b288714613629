/// What a node has of a collaboration: what is durable, and what it said before, which no crash unsays.
struct Disk: Sendable {
  /// The promises in which an entry was on the disk; `last` is none while it is there.
  struct Stay: Sendable {
    let number: Int
    let first: Int
    var last: Int?
  }

  struct Office: Hashable, Sendable {
    let candidate: Digest
    let base: Position
  }

  /// Where the chain leaves a joint configuration, and where that one began.
  struct Switch: Sendable {
    let jointFrom: Int
    let place: Int
  }

  struct Decision: Sendable {
    let position: Position
    /// Of its voters. The entry may become durable later, so that it is compared when the decision is used.
    let configuration: Digest?
  }

  struct Prepared: Sendable {
    let head: Digest
    /// The promise when the certificate became durable.
    let promise: Int
  }

  private(set) var chain: [Digest] = []
  private(set) var stays: [Digest: Stay] = [:]
  var promised = 1
  var vote: Choice?
  var lock: Position
  /// Every vote that was ever in a durable ballot.
  var ballots: Set<Choice> = []
  var prepared: [Spot: Prepared] = [:]
  var decisions: [Decision] = []
  var offices: [Int: Office] = [:]
  var proposals: Set<Digest> = []
  /// Where the present configuration began, and the ends of joint ones.
  var configurationFrom = 1
  var switches: [Switch] = []

  var acked: [Int: Position] = [:]
  var confirmed: [Spot: Digest] = [:]
  var proposed: [Spot: Digest] = [:]
  /// The highest place that the node acted on as decided.
  var decidedThrough = 0

  init(start: Position) {
    lock = start
  }

  /// The hash of the entry at a number; the start's for 0.
  func head(at number: Int, start: Digest) -> Digest? {
    guard number > 0 else { return number == 0 ? start : nil }
    return number <= chain.count ? chain[number - 1] : nil
  }

  mutating func append(_ hash: Digest) {
    chain.append(hash)
    let before = stays[hash]
    stays[hash] = Stay(number: chain.count, first: min(before?.first ?? promised, promised), last: nil)
  }

  mutating func drop(after number: Int) {
    guard number < chain.count else { return }
    for hash in chain[number...] { stays[hash]?.last = promised }
    chain.removeSubrange(number...)
    switches.removeAll { $0.place > number }
  }

  /// Whether the entry is there in `term`, or was there in it before the node entered a later one.
  func held(_ position: Position, in term: Int, start: Digest) -> Bool {
    if position.number == 0 { return position.head == start }
    guard let stay = stays[position.head], stay.number == position.number, stay.first <= term else { return false }
    guard let last = stay.last else { return true }
    return promised > term && last >= term
  }

  mutating func raiseLock(to position: Position) {
    if position.spot > lock.spot { lock = position }
  }
}
