import Contract
import Coordination
import Model
import Testing

/// Reports grow with the load, and one result alone waits for nobody.
@Suite struct ReportingTests {
  static let task = TaskID(Digest(of: [1]))
  static let collaboration = CollaborationID(Digest(of: [2]))
  var reporting = Reporting()

  static func id(_ subtask: Int) -> AttemptID { AttemptID(task: task, subtask: subtask, number: 1) }

  static func moment(_ milliseconds: Int) -> Moment {
    Moment(uptime: .milliseconds(milliseconds), wallMilliseconds: Int64(milliseconds))
  }

  mutating func end(_ subtasks: Range<Int>, at milliseconds: Int) {
    for subtask in subtasks {
      reporting.ended(
        Self.id(subtask), Self.ended(subtask), in: Self.collaboration, at: Self.moment(milliseconds))
    }
  }

  static func ended(_ subtask: Int) -> Reporting.Ended {
    let result = AttemptResult(
      subtask: subtask, number: 1, failure: nil, files: [],
      usage: Usage(cpuMilliseconds: 0, wallMilliseconds: 0, peakMemoryBytes: 0), nativeID: "", nativeState: "")
    return .init(result: result, byteCount: 100)
  }

  mutating func taken(at milliseconds: Int) -> [Int] {
    reporting.takeDue(at: Self.moment(milliseconds)).flatMap { $0.batch.ended.map(\.result.subtask) }
  }

  @Test("The first result is due at once, the next ones when the ledger has decided about it")
  mutating func first() {
    end(0..<1, at: 0)
    #expect(taken(at: 0) == [0])
    reporting.told(Self.id(0), Self.ended(0))
    end(1..<3, at: 1)
    #expect(!reporting.isDue(at: Self.moment(1)))
    reporting.settled(Self.id(0))
    #expect(taken(at: 2) == [1, 2])
    #expect(reporting.isEmpty && taken(at: 3).isEmpty)
  }

  @Test("A full report and one that has waited long enough are due whatever is on its way")
  mutating func bounds() {
    reporting.told(Self.id(1_000), Self.ended(1_000))
    end(0..<(ResultReport.countLimit - 1), at: 0)
    #expect(!reporting.isDue(at: Self.moment(99)))
    #expect(reporting.isDue(at: Self.moment(100)))
    end(99..<100, at: 5)
    #expect(taken(at: 5).count == ResultReport.countLimit)
  }

  @Test("Another coordinator is told again what the one before was told and the ledger does not say (R15)")
  mutating func anew() {
    end(0..<2, at: 0)
    for subtask in taken(at: 0) { reporting.told(Self.id(subtask), Self.ended(subtask)) }
    reporting.settled(Self.id(0))
    reporting.untell([0, 1, 2].map(Self.id), in: Self.collaboration, at: Self.moment(5))
    #expect(taken(at: 5) == [1])
  }

  @Test("What got further is told once, in order, however often it moved")
  mutating func moved() {
    for subtask in [3, 1, 3, 2] { reporting.moved(Self.id(subtask)) }
    let told = reporting.takeMoved()
    #expect(told.map(\.task) == [Self.task] && told.first?.attempts == [1, 2, 3].map(Self.id))
    #expect(reporting.takeMoved().isEmpty && reporting.isEmpty)
  }
}
