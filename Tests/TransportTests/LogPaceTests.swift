import Testing

@testable import Transport

@Suite struct LogPaceTests {
  @Test func soManyLinesAMinuteAreToldAndTheRestAreCounted() {
    let pace = LogPace(lines: 3, per: .seconds(60))
    let start = ContinuousClock.now
    #expect((0..<200).map { pace.admits(at: start + .milliseconds($0)) }.compactMap { $0 } == [0, 0, 0])
    #expect(pace.admits(at: start + .seconds(60)) == 197, "the next one tells how many were not")
    #expect(pace.admits(at: start + .seconds(61)) == 0)
  }
}
