import Model
import Resources
import Testing

@Suite struct ReservationsTests {
  static func attempt(_ subtask: Int, _ number: Int = 1) -> AttemptID {
    AttemptID(task: TaskID(Digest(of: "task".utf8)), subtask: subtask, number: number)
  }

  @Test func whatDoesNotFitSaysByHowMuchAndChangesNothing() {
    var reservations = Reservations(total: Amounts(cpuMillicores: 1_000, memoryBytes: 100))
    #expect(reservations.reserve(Self.attempt(0), Amounts(cpuMillicores: 700, memoryBytes: 10)) == .reserved)
    let asked = Amounts(cpuMillicores: 500, memoryBytes: 10)
    #expect(reservations.reserve(Self.attempt(1), asked) == .short(by: Amounts(cpuMillicores: 200, memoryBytes: 0)))
    #expect(reservations.amounts(of: Self.attempt(1)) == nil)
    #expect(reservations.free == Amounts(cpuMillicores: 300, memoryBytes: 90))
  }

  @Test func anAttemptHoldsItsAmountsOnce() {
    var reservations = Reservations(total: Amounts(cpuMillicores: 1_000, memoryBytes: 100))
    let amounts = Amounts(cpuMillicores: 600, memoryBytes: 10)
    #expect(reservations.reserve(Self.attempt(0), amounts) == .reserved)
    #expect(reservations.reserve(Self.attempt(0), amounts) == .alreadyReserved)
    #expect(reservations.reserve(Self.attempt(0), .zero) == .conflicts(held: amounts))
    #expect(reservations.committed == amounts)
    #expect(reservations.release(Self.attempt(0)) == amounts)
    #expect(reservations.release(Self.attempt(0)) == nil)
    #expect(reservations.committed == .zero)
  }

  @Test func negativeAmountsAreRefused() {
    var reservations = Reservations(total: Amounts(cpuMillicores: 1_000, memoryBytes: 100))
    #expect(reservations.reserve(Self.attempt(0), Amounts(cpuMillicores: -1, memoryBytes: 0)) == .invalid)
    #expect(reservations.count == 0)
  }

  @Test func hugeAmountsAreShortAndDoNotTrap() {
    var reservations = Reservations(total: Amounts(cpuMillicores: 1_000, memoryBytes: 100))
    _ = reservations.reserve(Self.attempt(0), Amounts(cpuMillicores: 1_000, memoryBytes: 100))
    let asked = Amounts(cpuMillicores: .max, memoryBytes: .max)
    #expect(reservations.reserve(Self.attempt(1), asked) == .short(by: asked))
  }

  @Test func aLoweredTotalKeepsPromisesAndMakesNoMore() {
    var reservations = Reservations(total: Amounts(cpuMillicores: 1_000, memoryBytes: 100))
    _ = reservations.reserve(Self.attempt(0), Amounts(cpuMillicores: 800, memoryBytes: 80))
    reservations.resize(to: Amounts(cpuMillicores: 500, memoryBytes: 100))
    #expect(reservations.free == Amounts(cpuMillicores: 0, memoryBytes: 20))
    #expect(reservations.reserve(Self.attempt(1), Amounts(cpuMillicores: 0, memoryBytes: 20)) == .reserved)
    let one = Amounts(cpuMillicores: 1, memoryBytes: 0)
    #expect(reservations.reserve(Self.attempt(2), one) == .short(by: one))
  }

  /// Against a plain list, over many random orders of requests.
  @Test(arguments: 0..<20 as Range<UInt64>) func neverPromisesMoreThanThereIs(seed: UInt64) {
    var random = Random.seeded(seed)
    let total = Amounts(cpuMillicores: 4_000, memoryBytes: 1_000)
    var reservations = Reservations(total: total)
    var model: [AttemptID: Amounts] = [:]
    for _ in 0..<2_000 {
      let attempt = Self.attempt(Int.random(in: 0..<40, using: &random))
      if Bool.random(using: &random) {
        let amounts = Amounts(
          cpuMillicores: Int.random(in: 0...1_500, using: &random), memoryBytes: Int.random(in: 0...400, using: &random)
        )
        let free = model.values.reduce(total, -)
        let fits = amounts.fits(in: free)
        switch reservations.reserve(attempt, amounts) {
        case .reserved:
          #expect(model[attempt] == nil && fits, "seed \(seed)")
          model[attempt] = amounts
        case .alreadyReserved: #expect(model[attempt] == amounts, "seed \(seed)")
        case .conflicts(let held): #expect(model[attempt] == held && held != amounts, "seed \(seed)")
        case .short(let lacking):
          #expect(model[attempt] == nil && !fits, "seed \(seed)")
          #expect((amounts - lacking).fits(in: free), "seed \(seed)")
        case .invalid: Issue.record("seed \(seed): amounts were not negative")
        }
      } else {
        #expect(reservations.release(attempt) == model.removeValue(forKey: attempt), "seed \(seed)")
      }
      #expect(reservations.committed == model.values.reduce(.zero, +), "seed \(seed)")
      #expect(reservations.committed.fits(in: total), "seed \(seed)")
    }
    #expect(reservations.all.map(\.attempt) == model.keys.sorted())
  }
}
