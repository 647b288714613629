import Consensus
import Ledger
import LedgerFixtures
import Model
import Oracle
import Sodium

/// Draws faults for a council from its seed, then heals all of them and asks for progress.
struct Nemesis {
  enum Shape: CaseIterable {
    case whole, halves, isolated, bridge, ring, coordinatorCut, random
  }

  let council: Council
  /// How long faults come.
  var faultTime = Duration.seconds(40)
  /// How long the healed network has until everybody knows the same.
  var healTime = Duration.seconds(40)
  /// What a liar in office proposes.
  var brokenKind: String? {
    get { council.brokenKind }
    set { council.brokenKind = newValue }
  }
  /// This member's disk is put back to older copies now and then.
  var forgetful: Int?
  private var copies: [Council.Disk] = []
  /// Who votes is changed now and then.
  var changesVoters = false
  /// Requests so far.
  var submitted = 0

  init(_ council: Council) { self.council = council }

  /// - Returns: what went wrong; empty for a run that holds.
  mutating func run() -> [String] {
    council.connect { _, _ in true }
    let end = council.now.uptime + faultTime
    while council.now.uptime < end {
      act()
      council.run(for: .milliseconds(Int64.random(in: 20...1_500, using: &council.random)))
    }
    heal()
    let wanted = submitted
    let live = council.seats.indices.filter { !council.seats[$0].isFaulty }
    let done = council.run(for: healTime) { council in
      council.decidedTexts.count == wanted
        && live.allSatisfy { council.seats[$0].decided == council.agreed.count }
        && (council.wanted.voters.map { council.isSettled($0) } ?? true)
    }
    if !done {
      council.finding(
        "no progress after healing: \(council.decidedTexts.count) of \(wanted) decided, standing "
          + live.map { index in
            let view = council.seats[index].core.office(of: council.id)
            let waits = council.seats[index].core.waking(of: council.id) == nil ? "" : " waking"
            return "\(index):\(view?.term ?? 0)/\(view?.promised ?? 0)@\(council.seats[index].decided)\(waits)"
          }.joined(separator: " ") + " \(council.drops)")
    }
    let faulty = council.seats.count { $0.isFaulty }
    let judged = council.witness?.judge.settle(atMost: faulty).map { "\($0)" } ?? []
    return council.findings + judged
  }

  private mutating func act() {
    let seats = council.seats.indices
    let honest = seats.filter { !council.seats[$0].isFaulty }
    for _ in 0..<Int.random(in: 0...3, using: &council.random) {
      guard let at = honest.randomElement(using: &council.random), council.seats[at].isUp else { continue }
      council.submit("request \(submitted)", at: at)
      submitted += 1
    }
    if changesVoters, Int.random(in: 0..<4, using: &council.random) == 0 {
      let count = Int.random(in: 1...min(5, seats.count), using: &council.random)
      council.wanted.voters = Array(seats.shuffled(using: &council.random).prefix(count)).sorted()
    }
    if let forgetful { forget(forgetful) }
    guard let victim = honest.randomElement(using: &council.random) else { return }
    switch Int.random(in: 0..<12, using: &council.random) {
    case 0, 1: council.crash(victim)
    case 2, 3, 4:
      for index in honest where !council.seats[index].isUp { council.restart(index) }
      reconnect(.whole)
    case 5: council.pause(victim)
    case 6:
      for index in seats { council.resume(index) }
    case 7, 8:
      guard let shape = Shape.allCases.randomElement(using: &council.random) else { return }
      reconnect(shape)
    case 9:
      let other = seats.randomElement(using: &council.random) ?? 0
      if other != victim { council.stalled.insert([victim, other]) }
    case 10: council.stalled = []
    default: reconnect(.whole)
    }
  }

  /// Puts a copy of the disk back, mostly at the worst time: what was decided since is known to one who is then away,
  /// and unknown to one who was away before.
  private mutating func forget(_ seat: Int) {
    if Int.random(in: 0..<3, using: &council.random) == 0 { copies.append(council.seats[seat].disk) }
    guard Int.random(in: 0..<4, using: &council.random) == 0, let copy = copies.randomElement(using: &council.random)
    else { return }
    var away = council.seats.indices.filter { $0 != seat }.shuffled(using: &council.random)
    for next in [away.removeFirst(), away.removeFirst()] {
      for index in council.seats.indices {
        council.resume(index)
        council.restart(index)
      }
      council.connect { left, right in left != next && right != next }
      council.submit("request \(submitted)", at: seat)
      submitted += 1
      council.run(for: .milliseconds(Int64.random(in: 500...8_000, using: &council.random)))
      guard council.seats[seat].isNewestCopy else { continue }
      council.crash(seat)
      council.setBack(seat, to: copy)
    }
  }

  private func reconnect(_ shape: Shape) {
    let count = council.seats.count
    let pivot = Int.random(in: 0..<count, using: &council.random)
    let salt = Int.random(in: 0..<1 << 20, using: &council.random)
    func isFirst(_ seat: Int) -> Bool { (seat + pivot) % count < count / 2 }
    council.connect { left, right in
      switch shape {
      case .whole: true
      case .halves: isFirst(left) == isFirst(right)
      case .isolated: left != pivot && right != pivot
      case .bridge:
        left == pivot || right == pivot || isFirst(left) == isFirst(right)
      case .ring: (right - left) % count <= 1 || (left == 0 && right == count - 1)
      case .coordinatorCut:
        !(left == pivot || right == pivot) || (left ^ right ^ salt) % 2 == 0
      case .random: (left &* 31 ^ right &* 17 ^ salt) % 3 != 0
      }
    }
  }

  private func heal() {
    council.stalled = []
    for index in council.seats.indices {
      council.resume(index)
      council.restart(index)
    }
    council.connect { _, _ in true }
  }
}
