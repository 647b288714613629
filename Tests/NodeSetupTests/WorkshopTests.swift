import Coordination
import Engine
import Logging
import Model
import Node
import Resources
import Storage
import Testing

/// Starts and stops reach the adapters in any order.
@Suite struct WorkshopTests {
  /// Takes work, and while it does so lets the test do something.
  actor Recorder: Adapter {
    nonisolated let declaration = AdapterDescription(name: "recorder", kind: "recorder", supports: [])
    nonisolated let events = AsyncStream<WorkReport> { $0.finish() }
    private var known: Set<AttemptID> = []
    private(set) var cancelled: [AttemptID] = []
    private(set) var submitted: [AttemptID] = []
    private var whileSubmitting: @Sendable () async -> Void = {}

    func whileSubmitting(_ body: @escaping @Sendable () async -> Void) { whileSubmitting = body }

    func inventory() async -> Inventory {
      Inventory(total: .zero, usable: true, detail: "", sandboxed: false)
    }

    func submit(_ work: Work) async throws(AdapterError) {
      await whileSubmitting()
      known.insert(work.attempt)
      submitted.append(work.attempt)
    }

    func status(of attempt: AttemptID) async -> WorkReport? {
      known.contains(attempt) ? WorkReport(attempt: attempt, state: .running) : nil
    }

    func cancel(_ attempt: AttemptID, reason: String) async { cancelled.append(attempt) }

    func logs(
      of attempt: AttemptID, _ stream: Resources.LogStream, from offset: Int, limit: Int
    ) async throws(AdapterError) -> Resources.LogChunk { throw .unknownAttempt(attempt) }

    func release(_ attempt: AttemptID) async {}
    func run() async {}
  }

  static let attempt = AttemptID(task: TaskID(Digest(of: [1])), subtask: 0, number: 1)
  static let order = WorkOrder(
    attempt: attempt, collaboration: CollaborationID(.zero), trace: TraceID(.zero), adapter: nil, command: ["true"],
    script: nil, environment: [:], files: [], standardInput: [], results: [], needs: .zero, executeMilliseconds: 1,
    outputLimitBytes: 1)

  private func withWorkshop(_ body: (Workshop, Recorder) async throws -> Void) async throws {
    try await withScratch { scratch in
      let recorder = Recorder()
      let objects = try ObjectStore(folder: scratch)
      let workshop = Workshop(
        adapters: [recorder], objects: objects, pins: Pins(objects), logger: Logger(label: "test"), feed: { _ in })
      try await body(workshop, recorder)
    }
  }

  @Test func workThatIsStoppedBeforeItsStartIsCarriedOutDoesNotBegin() async throws {
    try await withWorkshop { workshop, recorder in
      workshop.expect(Self.attempt)
      await workshop.cancel(Self.attempt, reason: "r")
      await workshop.start(Self.order)
      #expect(await recorder.submitted.isEmpty)
    }
  }

  @Test func workThatIsStoppedWhileAnAdapterTakesItIsStoppedThen() async throws {
    try await withWorkshop { workshop, recorder in
      await recorder.whileSubmitting { await workshop.cancel(Self.attempt, reason: "r") }
      workshop.expect(Self.attempt)
      await workshop.start(Self.order)
      #expect(await recorder.submitted == [Self.attempt])
      #expect(await recorder.cancelled == [Self.attempt])
    }
  }

  @Test func workThatRunsIsStoppedOnceAndWhatWasNeverExpectedIsNoConcern() async throws {
    try await withWorkshop { workshop, recorder in
      await workshop.cancel(Self.attempt, reason: "r")
      workshop.expect(Self.attempt)
      await workshop.start(Self.order)
      #expect(await recorder.submitted == [Self.attempt])
      #expect(await recorder.cancelled.isEmpty)
      await workshop.cancel(Self.attempt, reason: "r")
      #expect(await recorder.cancelled == [Self.attempt])
    }
  }
}
