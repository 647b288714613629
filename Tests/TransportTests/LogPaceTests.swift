import Testing

@testable import Transport

@Suite struct LogPaceTests {
  @Test func soManyLinesAMinuteAreToldAndTheRestAreCounted() {
    let pace = LogPace(lines: 3, per: .seconds(60), pause: .seconds(600))
    let start = ContinuousClock.now
    let told = (0..<200).map { pace.admits("stranger \($0)", at: start + .milliseconds($0)) }
    #expect(told.compactMap { $0 } == [0, 0, 0])
    #expect(pace.admits("one more", at: start + .seconds(60)) == 197, "the next one tells how many were not")
    #expect(pace.admits("another", at: start + .seconds(61)) == 0)
  }

  @Test func whoKnocksOnAndOnIsToldOfOnceInAWhile() {
    let pace = LogPace(lines: 3, per: .seconds(60), pause: .seconds(600))
    let start = ContinuousClock.now
    let told = (0..<120).filter { pace.admits("the same", at: start + .seconds(10 * $0)) != nil }
    #expect(told == [0, 60])
    #expect(pace.admits("another", at: start + .seconds(1_200)) == 59)
  }
}
