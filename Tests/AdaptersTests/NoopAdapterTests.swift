import Adapters
import Model
import Resources
import Testing

@Suite(.timeLimit(.minutes(1))) struct NoopAdapterTests {
  @Test func conforms() async throws {
    try await expectConformance(NoopAdapter(total: Amounts(cpuMillicores: 4_000, memoryBytes: 1 << 30)))
  }

  @Test func theInventoryIsWhatTheConfigurationSays() async {
    let total = Amounts(cpuMillicores: 123_000, memoryBytes: 7)
    #expect(await NoopAdapter(total: total).inventory().total == total)
  }

  @Test func takesThousandsAndLosesNoFinalReportOfASlowReader() async throws {
    let adapter = NoopAdapter(total: Make.amounts)
    for index in 0..<5_000 { try await adapter.submit(Make.work(.arguments(["true"]), subtask: index)) }
    try await withRunning(adapter) { recorder in
      for index in 0..<5_000 { #expect(await recorder.final(of: Make.attempt(index)).state == .succeeded) }
    }
  }

  @Test func holdsAtMostItsLimitAndReleasedOnesDoNotCount() async throws {
    let adapter = NoopAdapter(total: Make.amounts, attemptLimit: 2)
    for index in 0..<2 { try await adapter.submit(Make.work(.arguments(["true"]), subtask: index)) }
    await #expect(throws: AdapterError.self) { try await adapter.submit(Make.work(.arguments(["true"]), subtask: 2)) }
    await adapter.release(Make.attempt(0))
    try await adapter.submit(Make.work(.arguments(["true"]), subtask: 2))
  }
}
