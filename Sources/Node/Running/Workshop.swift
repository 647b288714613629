internal import Adapters
internal import Contract
package import Coordination
package import Engine
internal import Foundation
package import Logging
package import Model
internal import NIOPosix
internal import Overlay
package import Resources
package import Storage
internal import Synchronization

/// Hands work to adapters and their results to the object store.
package final class Workshop: Sendable {
  /// How often inventories are read.
  private static let inventoryInterval = Duration.seconds(15)

  private let adapters: [any Adapter]
  private let objects: ObjectStore
  private let pins: Pins
  private let disk = NIOThreadPool.singleton
  private let logger: Logger
  private let feed: @Sendable (EngineInput) async -> Void
  /// Starts that are under way, and whether they were stopped meanwhile: no adapter knows those attempts yet.
  private let starting = Mutex<[AttemptID: Bool]>([:])

  package init(
    adapters: [any Adapter], objects: ObjectStore, pins: Pins, logger: Logger,
    feed: @escaping @Sendable (EngineInput) async -> Void
  ) {
    self.adapters = adapters
    self.objects = objects
    self.pins = pins
    self.logger = logger
    self.feed = feed
  }

  /// Runs the adapters until cancelled; returns when their last reports were taken.
  func run() async {
    await withDiscardingTaskGroup { group in
      for adapter in adapters {
        group.addTask { await adapter.run { report in await self.take(report, from: adapter) } }
      }
      group.addTask {
        while !Task.isCancelled {
          do { try await Task.sleep(for: Self.inventoryInterval) } catch { return }
          await self.feed(.adapters(await self.statuses()))
        }
      }
    }
  }

  /// What the adapters offer now.
  func statuses() async -> [AdapterStatus] {
    var out: [AdapterStatus] = []
    for adapter in adapters {
      let inventory = await adapter.inventory()
      let declaration = adapter.declaration
      out.append(
        AdapterStatus(
          name: declaration.name, kind: declaration.kind, usable: inventory.usable,
          detail: inventory.detail + (inventory.remedy.map { "; \($0)" } ?? ""),
          features: declaration.supports.map(\.rawValue), sandboxed: inventory.sandboxed,
          onRequestOnly: declaration.onRequestOnly, total: inventory.total))
    }
    return out
  }

  // MARK: Starting and stopping

  /// An attempt will be started. Told at once, before anything else about it can be told.
  package func expect(_ attempt: AttemptID) { starting.withLock { $0[attempt] = false } }

  /// Starts an expected attempt, unless it was stopped before.
  package func start(_ order: WorkOrder) async {
    await submit(order)
    if starting.withLock({ $0.removeValue(forKey: order.attempt) }) == true {
      await stop(order.attempt, reason: "stopped while it was started")
    }
  }

  private func submit(_ order: WorkOrder) async {
    guard starting.withLock({ $0[order.attempt] }) != true else { return }
    do {
      guard let adapter = await adapter(for: order) else {
        throw AdapterError.failed(
          adapter: order.adapter ?? "any",
          reason: order.adapter == nil ? "none here can run commands now" : "none of this name is here")
      }
      try await adapter.submit(try work(order))
    } catch {
      logger.notice("attempt \(order.attempt.subtask) of \(order.attempt.task.short) does not start: \(error)")
      await fail(order.attempt, error)
    }
  }

  private func adapter(for order: WorkOrder) async -> (any Adapter)? {
    if let name = order.adapter { return adapters.first { $0.declaration.name == name } }
    for adapter in adapters where !adapter.declaration.onRequestOnly {
      if await adapter.inventory().usable { return adapter }
    }
    return nil
  }

  private func work(_ order: WorkOrder) throws -> Work {
    let inputs = order.files.map(\.content.digest) + order.standardInput.map(\.digest)
    if let missing = pins.hold(inputs, for: .attempt(order.attempt)).first {
      throw AdapterError.refused(order.attempt, reason: "input \(missing.short) has left the object store")
    }
    return Work(
      attempt: order.attempt, command: order.script.map { .script($0) } ?? .arguments(order.command),
      environment: order.environment, standardInput: order.standardInput.map { objects.path(of: $0.digest) },
      inputs: order.files.map {
        StagedInput(name: $0.input, relativePath: $0.path, file: objects.path(of: $0.content.digest))
      },
      results: order.results, amounts: order.needs, executeTimeout: .milliseconds(order.executeMilliseconds),
      outputLimitBytes: order.outputLimitBytes)
  }

  private func fail(_ attempt: AttemptID, _ error: any Error) async {
    pins.letGo(.attempt(attempt))
    let failure = AttemptFailure(category: "adapter", detail: String("\(error)".prefix(500)))
    await feed(.work(.ended(attempt, AttemptResult(attempt, failed: failure))))
  }

  package func cancel(_ attempt: AttemptID, reason: String) async {
    starting.withLock { if $0[attempt] != nil { $0[attempt] = true } }
    await stop(attempt, reason: reason)
  }

  private func stop(_ attempt: AttemptID, reason: String) async {
    for adapter in adapters where await adapter.status(of: attempt) != nil {
      await adapter.cancel(attempt, reason: reason)
    }
  }

  // MARK: Reports

  private func take(_ report: WorkReport, from adapter: any Adapter) async {
    guard let outcome = report.outcome else {
      guard let stage = Executor.Stage(rawValue: report.state.rawValue) else { return }
      return await feed(
        .work(
          .moved(
            report.attempt, stage, reason: report.native?.text ?? "", nativeID: report.native?.id ?? "",
            nativeState: report.native?.state ?? "")))
    }
    var failure = outcome.failure.map {
      AttemptFailure(category: $0.category.rawValue, detail: String($0.detail.prefix(1_000)))
    }
    var files: [ResultObject] = []
    do {
      for result in outcome.results { files.append(try await disk.runIfActive { try self.keep(result) }) }
    } catch {
      failure = AttemptFailure(category: "adapter", detail: "its results cannot be kept: \(error)")
      files = []
    }
    let usage = Usage(
      cpuMilliseconds: outcome.usage.cpuMilliseconds, wallMilliseconds: outcome.usage.wallMilliseconds,
      peakMemoryBytes: outcome.usage.peakMemoryBytes)
    await feed(
      .work(
        .ended(
          report.attempt,
          AttemptResult(
            subtask: report.attempt.subtask, number: report.attempt.number, failure: failure, files: files,
            usage: usage, nativeID: report.native?.id ?? "", nativeState: report.native?.state ?? ""))))
    pins.letGo(.attempt(report.attempt))
    await adapter.release(report.attempt)
  }

  private func keep(_ result: Resources.ResultFile) throws -> ResultObject {
    let reference: ObjectReference
    switch result.content {
    case .bytes(let bytes): reference = try objects.put(bytes)
    case .file(let path): reference = try objects.put(fileAt: path)
    }
    var inline: String?
    if reference.byteCount <= Executor.inlineByteLimit {
      inline = Data(try objects.read(reference.digest, at: 0, count: reference.byteCount)).base64EncodedString()
    }
    return ResultObject(path: result.path, content: reference, inline: inline)
  }

  // MARK: Logs

  /// A piece of the log of an attempt that runs here.
  func log(_ request: PeerMessage.LogRequest) async -> PeerMessage.LogChunk {
    let stream: Resources.LogStream = request.stream == .stdout ? .standardOutput : .standardError
    for adapter in adapters where await adapter.status(of: request.attempt) != nil {
      do {
        let chunk = try await adapter.logs(
          of: request.attempt, stream, from: request.offset,
          limit: min(max(1, request.limit), PeerMessage.LogChunk.byteLimit))
        return PeerMessage.LogChunk(
          attempt: request.attempt, stream: request.stream, offset: request.offset, bytes: chunk.bytes, end: chunk.isEnd
        )
      } catch {
        return Self.nothing(request, "\(error)")
      }
    }
    return Self.nothing(request, "the attempt does not run here now")
  }

  private static func nothing(_ request: PeerMessage.LogRequest, _ problem: String) -> PeerMessage.LogChunk {
    PeerMessage.LogChunk(
      attempt: request.attempt, stream: request.stream, offset: request.offset, bytes: [], end: false, problem: problem)
  }
}
