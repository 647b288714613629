internal import Coordination
internal import CoreMetrics
internal import Engine
internal import Logging
internal import Model
internal import NIOCore
internal import NIOPosix
internal import Overlay
internal import Sodium
internal import Storage
internal import Synchronization
internal import Transport

/// Carries the engine's actions out. Nothing here decides and nothing here waits: what takes time becomes a chore,
/// and its outcome goes back to the loop as an input.
final class Hands: Sendable {
  /// Chores that may wait to be begun. Each stands for an effect that the engine bounds itself, which also bounds those
  /// that are under way, so more is a fault.
  private static let choreLimit = 1 << 17

  typealias Chore = @Sendable () async -> Void

  private struct Parts: Sendable {
    var loop: EngineLoop?
    var transport: PeerTransport?
    var workshop: Workshop?
    var history: EventHistory?
    var failure: (any Error)?
  }

  let identity: LocalIdentity
  let objects: ObjectStore
  let pins: Pins
  /// For what blocks on the disk: the threads of the loop and of the links are few.
  let disk = NIOThreadPool.singleton
  let notices = NoticeBoard()
  let timers: Timers
  let logWaiters = LogWaiters()
  let traceWaiters = TraceWaiters()
  private let logAnswers = LogAnswers()
  private let signatures: SignatureWork
  private let logger: Logger
  private let parts = Mutex(Parts())
  private let chores: AsyncStream<Chore>
  private let queue: AsyncStream<Chore>.Continuation

  init(identity: LocalIdentity, objects: ObjectStore, loop: NetworkLoop, logger: Logger) {
    self.identity = identity
    self.objects = objects
    pins = Pins(objects)
    timers = Timers(loop: loop)
    signatures = SignatureWork(key: identity.signingKey, workers: System.coreCount)
    self.logger = logger
    (chores, queue) = AsyncStream.makeStream(of: Chore.self, bufferingPolicy: .bufferingOldest(Self.choreLimit))
  }

  /// Must be called before the first action.
  func connect(loop: EngineLoop, transport: PeerTransport, workshop: Workshop, history: EventHistory) {
    parts.withLock {
      $0.loop = loop
      $0.transport = transport
      $0.workshop = workshop
      $0.history = history
    }
  }

  private var loop: EngineLoop? { parts.withLock { $0.loop } }
  private var transport: PeerTransport? { parts.withLock { $0.transport } }

  /// Why the node cannot go on; nil while it can.
  var failure: (any Error)? { parts.withLock { $0.failure } }

  /// Ends the node: nobody may rely on what it would say from here on.
  func fail(_ error: any Error) {
    parts.withLock { if $0.failure == nil { $0.failure = error } }
    queue.finish()
  }

  /// Runs chores until cancelled, or until the node has failed.
  ///
  /// - Throws: what `fail` was told.
  func run() async throws {
    await withTaskCancellationHandler {
      await withDiscardingTaskGroup { group in
        group.addTask { await self.signatures.run { await self.took($0) } }
        for await chore in chores { group.addTask { await chore() } }
        signatures.end()
      }
    } onCancel: {
      queue.finish()
    }
    if let failure { throw failure }
  }

  private func chore(_ chore: @escaping Chore) {
    if case .dropped = queue.yield(chore) { fail(ChoresOverflow(limit: Self.choreLimit)) }
  }

  /// Signatures were made and checked.
  private func took(_ outcomes: [EngineInput]) async {
    for case .verified(_, .member(let member)) in outcomes { transport?.remember(member) }
    await loop?.feed(contentsOf: outcomes)
  }

  private func put(_ job: SignatureWork.Job) {
    if !signatures.put(job) { fail(ChoresOverflow(limit: SignatureWork.jobLimit)) }
  }

  private func feed(_ input: EngineInput) async {
    await loop?.feed(input)
  }

  func perform(_ action: Action) {
    switch action {
    case .dial(let address, let node): transmit(.dial(address: address, expecting: node))
    case .transmit(let link, let bytes, let lane): transmit(.transmit(link, bytes, lane: lane))
    case .sendDatagram(let bytes, let address): transmit(.sendDatagram(bytes, to: address))
    case .close(let link, let reason): transmit(.close(link, reason))
    case .present(let record): transmit(.present(record))
    case .admit(let node): transport?.admit(node)
    case .expel(let node): transport?.expel(node)
    case .setTimer(let timer, let after): timers.set(timer, after: after)
    case .sign(let job, let statement): put(.sign(job, statement))
    case .check(let job, let check): put(.check(job, check))
    case .fetch(let reference, let holders): chore { await self.fetch(reference, from: holders) }
    case .readSpecification(let reference): chore { await self.readSpecification(reference) }
    case .keep(let reference, let bytes): chore { await self.keep(reference, bytes) }
    case .hold(let task, let references, let inputs):
      pins.hold(references.map(\.digest), for: .task(task))
      if inputs, let specification = references.first { chore { await self.holdInputs(of: task, specification) } }
    case .letGo(let task): pins.letGo(.task(task))
    case .start(let order):
      workshop?.expect(order.attempt)
      chore { await self.workshop?.start(order) }
    case .cancelWork(let attempt, let reason): chore { await self.workshop?.cancel(attempt, reason: reason) }
    case .notice(let notice):
      log(notice)
      notices.post(notice)
    case .logRequested(let request, let node):
      guard logAnswers.begin(for: node) else { return }
      chore {
        await self.answer(request, to: node)
        self.logAnswers.end(for: node)
      }
    case .logChunk(let chunk, let node): logWaiters.resume(chunk, from: node)
    case .traceRequested(let request, let node): chore { await self.answer(request, to: node) }
    case .traceReply(let reply, let node): traceWaiters.resume(reply, from: node)
    case .wake, .answer: break  // The loop's own.
    }
  }

  private var workshop: Workshop? { parts.withLock { $0.workshop } }

  private func transmit(_ effect: OverlayEffect) {
    transport?.perform(effect)
  }

  private func log(_ notice: NoticeView) {
    var metadata: Logger.Metadata = ["plane": "\(notice.plane)"]
    if let task = notice.task { metadata["task"] = "\(task.short)" }
    if let collaboration = notice.collaboration { metadata["collaboration"] = "\(collaboration.short)" }
    // Two nodes may have one name.
    if let node = notice.node { metadata["node"] = "\(node.short)" }
    let level: Logger.Level =
      switch notice.kind {
      case "entry.held": .debug
      case NoticeView.overlayProblem: .warning
      default: .info
      }
    logger.log(level: level, "\(notice.kind): \(notice.text)", metadata: metadata)
  }

  // MARK: Objects

  /// Tries one holder after the other, going on from what has arrived already.
  private func fetch(_ reference: ObjectReference, from holders: [Holder]) async {
    if objects.has(reference) { return await feed(.object(.arrived(reference))) }
    var problems: [String] = []
    for holder in holders {
      for address in holder.addresses {
        do {
          try await fetch(reference, from: holder.node, at: address)
          return await feed(.object(.arrived(reference)))
        } catch {
          problems.append("\(holder.node.short) at \(address): \(error)")
        }
      }
    }
    let why = problems.isEmpty ? "nobody who has it can be reached" : problems.joined(separator: "; ")
    logger.notice("object \(reference.digest.short) did not come: \(why)")
    // A moment's pause, so that a holder that is just restarting is asked again soon but not at once.
    try? await Task.sleep(for: .milliseconds(500))
    await feed(.object(.unavailable(reference, why: why)))
  }

  private func fetch(_ reference: ObjectReference, from node: NodeID, at address: String) async throws {
    guard let transport else { throw StorageError.closed }
    func take() async throws -> Int {
      let partial = try await disk.runIfActive { try self.objects.partial(reference) }
      let start = partial.offset
      try await transport.fetch(
        reference, from: node, address: address, offset: start, into: PartialSink(partial: partial))
      do {
        try await disk.runIfActive { try partial.finish() }
        return 0
      } catch StorageError.objectDiffers where start > 0 {
        return start
      }
    }
    // What came before, from whomever, may have been wrong: it is gone now, and this holder is asked for the whole.
    if try await take() > 0 { _ = try await take() }
  }

  /// Decodes here, since a specification of many files takes far longer than a step of the loop may.
  private func readSpecification(_ reference: ObjectReference) async {
    do {
      await feed(.object(.specification(reference, try await specification(reference))))
    } catch {
      logger.notice("specification \(reference.digest.short) cannot be read: \(error)")
      await feed(.object(.specification(reference, nil)))
    }
  }

  private func specification(_ reference: ObjectReference) async throws -> TaskSpecification {
    guard reference.byteCount <= TaskSpecification.byteLimit else {
      throw JSONError.tooLarge(byteCount: reference.byteCount, limit: TaskSpecification.byteLimit)
    }
    return try await disk.runIfActive {
      let bytes = try self.objects.read(reference.digest, at: 0, count: reference.byteCount)
      return try CanonicalJSON.decode(TaskSpecification.self, from: bytes, limit: TaskSpecification.byteLimit)
    }
  }

  private func holdInputs(of task: TaskID, _ reference: ObjectReference) async {
    do {
      let inputs = try await specification(reference).objects
      let missing = pins.hold(inputs.map(\.digest), for: .task(task), isMore: true)
      guard let first = missing.first else { return }
      logger.warning(
        "\(missing.count) inputs of task \(task.short) are not in the object store, the first is \(first.short)")
    } catch {
      logger.warning("the inputs of task \(task.short) cannot be kept: \(error)")
    }
  }

  private func keep(_ reference: ObjectReference, _ bytes: [UInt8]) async {
    do {
      let kept = try await disk.runIfActive { try self.objects.put(bytes) }
      await feed(.object(kept == reference ? .arrived(reference) : .unavailable(reference, why: "its bytes differ")))
    } catch {
      await feed(.object(.unavailable(reference, why: "\(error)")))
    }
  }

  private func answer(_ request: PeerMessage.LogRequest, to node: NodeID) async {
    guard let workshop else { return }
    let chunk = await workshop.log(request)
    await loop?.send(.logChunk(chunk), to: node)
  }
}

extension Hands {
  /// What a peer asks about a trace; the engine has looked at how often it asks.
  private func answer(_ request: PeerMessage.TraceRequest, to node: NodeID) async {
    guard let loop, let history = parts.withLock({ $0.history }) else { return }
    let finished: [EventView]
    do {
      finished = try await history.events(of: request.trace)
    } catch {
      logger.notice("a trace that \(node.short) asks for cannot be read: \(error.what)")
      return
    }
    let reply = await loop.read { engine, _ in engine.traceReply(to: request, from: node, finished: finished) }
    await loop.send(.traceReply(reply), to: node)
  }
}

/// More chores than the engine's own bounds allow: a fault of the program.
struct ChoresOverflow: Error, CustomStringConvertible {
  let limit: Int
  var description: String { "over \(limit) chores wait: this is a fault in the program, please report it" }
}

/// Pieces of an object on their way into the store.
private struct PartialSink: ObjectSink {
  let partial: PartialObject

  func append(_ bytes: [UInt8], at offset: Int) async throws {
    NodeMetrics.objectBytesReceived.increment(by: bytes.count)
    try partial.append(bytes, at: offset)
  }
}

/// Gives the store's objects to peers.
struct StoredObjects: ObjectSource {
  let objects: ObjectStore

  func open(_ reference: ObjectReference, for peer: NodeID) async throws -> (any ObjectReader)? {
    guard objects.has(reference), objects.pin(reference.digest) else { return nil }
    return StoredObject(objects: objects, digest: reference.digest)
  }
}

private struct StoredObject: ObjectReader {
  let objects: ObjectStore
  let digest: Digest

  func read(at offset: Int, count: Int) async throws -> [UInt8] {
    let bytes = try objects.read(digest, at: offset, count: count)
    NodeMetrics.objectBytesSent.increment(by: bytes.count)
    return bytes
  }

  func close() async { objects.unpin(digest) }
}
