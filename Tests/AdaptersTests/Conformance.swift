import Model
import Resources
import Testing

/// What every adapter must do, whatever stands behind it. Each adapter's tests call this with a fresh adapter that is
/// not running yet.
func expectConformance(_ adapter: any Adapter) async throws {
  let inventory = await adapter.inventory()
  #expect(inventory.usable, "\(inventory.detail)")
  #expect(inventory.total.cpuMillicores > 0 && inventory.total.memoryBytes > 0)
  #expect(!adapter.declaration.name.isEmpty && !adapter.declaration.kind.isEmpty)

  try await withRunning(adapter) { recorder in
    try await expectWorkMovesForwardAndEndsOnce(adapter, recorder)
    try await expectLogsAndResults(adapter, recorder)
    try await expectCancelEndsAtMostOnce(adapter, recorder)
    try await expectUnsoundWorkIsRefused(adapter)
    try await expectUnknownAttemptsAreUnknown(adapter)
    try await expectManyAtOnce(adapter, recorder)
  }
}

private func expectWorkMovesForwardAndEndsOnce(_ adapter: any Adapter, _ recorder: Recorder) async throws {
  let work = Make.work(.arguments(["true"]), subtask: 1)
  try await adapter.submit(work)
  try await adapter.submit(work)
  let report = await recorder.final(of: work.attempt)
  #expect(report.state == .succeeded, "\(String(describing: report.outcome?.failure))")
  #expect(report.outcome?.usage.wallMilliseconds ?? -1 >= 0)
  #expect(await adapter.status(of: work.attempt) == report)

  try await adapter.submit(work)
  await adapter.cancel(work.attempt, reason: "too late")
  #expect(await adapter.status(of: work.attempt) == report, "final is final")
  let states = await recorder.states(of: work.attempt)
  for (earlier, later) in zip(states, states.dropFirst()) { #expect(later.supersedes(earlier), "\(states)") }
  #expect(states.filter(\.isFinal).count == 1, "\(states)")
}

private func expectLogsAndResults(_ adapter: any Adapter, _ recorder: Recorder) async throws {
  let work = Make.work(.script("echo out; echo err >&2; echo more; printf r > r.txt"), subtask: 2, results: ["r.txt"])
  try await adapter.submit(work)
  let report = await recorder.final(of: work.attempt)
  #expect(report.state == .succeeded, "\(String(describing: report.outcome?.failure))")
  #expect(report.outcome?.results.map(\.path) == ["stdout", "stderr", "r.txt"])
  for stream in LogStream.allCases {
    let whole = try await adapter.logs(of: work.attempt, stream, from: 0, limit: 1 << 16)
    #expect(whole.isEnd && whole.nextOffset == whole.bytes.count)
    #expect(String(decoding: whole.bytes, as: UTF8.self) == report.text(stream.rawValue))
    var pieces: [UInt8] = []
    var isEnd = false
    while !isEnd {
      let piece = try await adapter.logs(of: work.attempt, stream, from: pieces.count, limit: 3)
      pieces += piece.bytes
      isEnd = piece.isEnd
      #expect(piece.bytes.count <= 3 && piece.nextOffset == pieces.count)
    }
    #expect(pieces == whole.bytes)
    let past = try await adapter.logs(of: work.attempt, stream, from: 1 << 20, limit: 10)
    #expect(past.bytes.isEmpty && past.isEnd)
  }
}

private func expectCancelEndsAtMostOnce(_ adapter: any Adapter, _ recorder: Recorder) async throws {
  let work = Make.work(.script("exec sleep 20"), subtask: 3)
  try await adapter.submit(work)
  await adapter.cancel(work.attempt, reason: "not wanted any more")
  let report = await recorder.final(of: work.attempt)
  // An adapter may have finished before it was told.
  #expect(report.state == .cancelled || report.state == .succeeded)
  if report.state == .cancelled { #expect(report.outcome?.failure?.detail == "not wanted any more") }
  await adapter.cancel(work.attempt, reason: "again")
  #expect(await adapter.status(of: work.attempt) == report)
}

private func expectUnsoundWorkIsRefused(_ adapter: any Adapter) async throws {
  let work = Make.work(.arguments(["true"]), subtask: 4, results: ["../outside"])
  await #expect(throws: AdapterError.self) { try await adapter.submit(work) }
  #expect(await adapter.status(of: work.attempt) == nil)
}

private func expectUnknownAttemptsAreUnknown(_ adapter: any Adapter) async throws {
  let unknown = Make.attempt(99)
  #expect(await adapter.status(of: unknown) == nil)
  await adapter.cancel(unknown, reason: "nobody")
  await adapter.release(unknown)
  await #expect(throws: AdapterError.unknownAttempt(unknown)) {
    try await adapter.logs(of: unknown, .standardOutput, from: 0, limit: 1)
  }
  for released in [Make.attempt(1), Make.attempt(2)] {
    await adapter.release(released)
    #expect(await adapter.status(of: released) == nil)
  }
}

private func expectManyAtOnce(_ adapter: any Adapter, _ recorder: Recorder) async throws {
  let works = (100..<140).map { Make.work(.arguments(["true"]), subtask: $0) }
  for work in works { try await adapter.submit(work) }
  for work in works { #expect(await recorder.final(of: work.attempt).state == .succeeded) }
}
