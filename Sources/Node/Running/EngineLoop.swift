internal import Engine
internal import Logging
internal import Model
internal import Overlay
internal import Storage

/// Drives the engine: takes inputs one at a time, in their order, and hands its effects to those who carry them
/// out. The only writer of the engine's state.
actor EngineLoop {
  private var engine: NodeEngine
  private var random = Random.system()
  private let started = ContinuousClock.now
  private let writer: Writer
  private let hands: Hands
  private var waiting: [CommandID: CheckedContinuation<Result<CommandAnswer, Refusal>, Never>] = [:]
  private var nextCommand: UInt64 = 1
  private var isOver = false
  /// Commands that may wait at one time.
  private static let commandLimit = 1_024

  init(engine: NodeEngine, writer: Writer, hands: Hands) {
    self.engine = engine
    self.writer = writer
    self.hands = hands
  }

  var now: Moment {
    Moment(uptime: started.duration(to: .now), wallMilliseconds: Wall.milliseconds())
  }

  /// Takes one input and everything that follows from it at once.
  func feed(_ input: EngineInput) {
    var next: EngineInput? = input
    while let input = next {
      next = nil
      var effects = EngineEffects()
      engine.step(input, at: now, random: &random, into: &effects)
      if perform(effects) { next = .wake }
    }
  }

  /// Takes inputs that came together, in order.
  func feed(contentsOf inputs: [EngineInput]) {
    for input in inputs { feed(input) }
  }

  /// - Returns: whether the engine wants to be woken.
  private func perform(_ effects: EngineEffects) -> Bool {
    if let (step, writes) = effects.transaction {
      do {
        try writer.enqueue(writes, ticket: WriteTicket(step))
      } catch {
        // Memory is ahead of what will ever be on the disk: nothing that follows could be kept.
        hands.fail(error)
        refuseAll()
      }
    }
    var wake = false
    for action in effects.actions {
      switch action {
      case .wake: wake = true
      case .answer(let id, let result): waiting.removeValue(forKey: id)?.resume(returning: result)
      default: hands.perform(action)
      }
    }
    return wake
  }

  /// Carries out a person's command; returns once its effect is durable.
  ///
  /// - Throws: `Refusal`.
  func command(_ command: Command) async throws(Refusal) -> CommandAnswer {
    guard waiting.count < Self.commandLimit else {
      throw Refusal(.unavailable, "too many commands wait for their answer", next: "try again in a moment")
    }
    guard !isOver else { throw Self.stops }
    let id = CommandID(nextCommand)
    nextCommand += 1
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        waiting[id] = continuation
        feed(.command(id, command))
      }
    } onCancel: {
      // Runs after the continuation is in place: nothing suspends between here and there.
      Task { await self.giveUp(id) }
    }
    return try result.get()
  }

  /// Nobody waits any more for what the command does.
  private func giveUp(_ id: CommandID) {
    waiting.removeValue(forKey: id)?.resume(returning: .failure(Self.stops))
  }

  private static let stops = Refusal(
    .unavailable, "the node stops; whether it did what was asked is not known",
    next: "start it again: jointcloud node run --data DIR")

  /// Answers everybody who still waits, and whoever comes later: the node stops.
  func refuseAll() {
    isOver = true
    for continuation in waiting.values { continuation.resume(returning: .failure(Self.stops)) }
    waiting = [:]
  }

  /// Reads from the engine between two steps.
  func read<Value: Sendable>(_ body: @Sendable (NodeEngine, Moment) -> Value) -> Value {
    body(engine, now)
  }

  /// Sends a message about logs or traces to another node.
  func send(_ message: PeerMessage, to node: NodeID) {
    let effects = engine.message(message, to: node, at: now, random: &random)
    _ = perform(effects)
  }
}
