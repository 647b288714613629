import Model
import Resources
import Testing

@Suite struct WorkTests {
  static func work(
    command: Work.Command = .arguments(["true"]), environment: [String: String] = [:], inputs: [StagedInput] = [],
    results: [String] = [], amounts: Amounts = .zero, timeout: Duration = .seconds(1)
  ) -> Work {
    Work(
      attempt: ReservationsTests.attempt(0), command: command, environment: environment, inputs: inputs,
      results: results, amounts: amounts, executeTimeout: timeout)
  }

  @Test func statesOnlyMoveForwardAndFinalIsFinal() {
    let order: [WorkState] = [.staging, .queued, .running, .publishing]
    for (index, earlier) in order.enumerated() {
      #expect(!earlier.isFinal)
      #expect(!earlier.supersedes(earlier))
      for later in order[(index + 1)...] {
        #expect(later.supersedes(earlier))
        #expect(!earlier.supersedes(later))
      }
    }
    for final in WorkState.allCases where !order.contains(final) {
      #expect(final.isFinal)
      for state in WorkState.allCases {
        #expect(!state.supersedes(final))
        #expect(final.supersedes(state) == !state.isFinal)
      }
    }
  }

  @Test func anOutcomeIsOneOfTheFinalStates() {
    for category in WorkFailure.Category.allCases {
      let outcome = WorkOutcome(failure: WorkFailure(category, "why"), usage: .zero, results: [])
      #expect(outcome.state.isFinal && outcome.state != .succeeded)
    }
    #expect(WorkOutcome(failure: nil, usage: .zero, results: []).state == .succeeded)
    #expect(WorkOutcome(failure: WorkFailure(.lost, ""), usage: .zero, results: []).state == .lost)
    #expect(WorkOutcome(failure: WorkFailure(.cancelled, ""), usage: .zero, results: []).state == .cancelled)
  }

  @Test func soundWorkHasNoProblem() {
    let input = StagedInput(name: "my-text", relativePath: "a/b.txt", file: "/somewhere")
    #expect(Self.work(environment: ["A_1": "x"], inputs: [input], results: ["out/a.txt"]).problem() == nil)
    #expect(StagedInput.variable(for: "my-text") == "INPUT_MY_TEXT")
  }

  @Test(arguments: ["../x", "/etc/passwd", "a//b", "a/../../b", ".", "", "a/", "a\0b"])
  func pathsThatLeaveTheirFolderAreNamed(path: String) {
    #expect(Self.work(results: [path]).problem()?.contains("result") == true)
    let input = StagedInput(name: "text", relativePath: path, file: "/somewhere")
    #expect(Self.work(inputs: [input]).problem()?.contains("input \"text\"") == true)
  }

  @Test func whatNoAdapterCanRunIsNamed() {
    #expect(Self.work(command: .arguments([])).problem() == "the command is empty")
    #expect(Self.work(command: .script("")).problem() == "the script is empty")
    #expect(Self.work(environment: ["A;rm -rf /": "x"]).problem()?.contains("A;rm -rf /") == true)
    #expect(Self.work(environment: ["A": "x\0"]).problem()?.contains("zero byte") == true)
    #expect(
      Self.work(inputs: [StagedInput(name: "../x", relativePath: "a", file: "/f")]).problem()?.contains("../x") == true)
    #expect(Self.work(amounts: Amounts(cpuMillicores: -1, memoryBytes: 0)).problem() != nil)
    #expect(Self.work(timeout: .zero).problem() != nil)
  }

  @Test func whatGoesIntoAResultIsCanonicalJSON() throws {
    let failure = WorkFailure(.command, "it ended with exit code 3", exitCode: 3)
    #expect(try CanonicalJSON.decode(WorkFailure.self, from: CanonicalJSON.encode(failure), limit: 4_096) == failure)
  }
}
