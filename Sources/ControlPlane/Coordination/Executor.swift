public import Contract
public import Model

/// The participant's side of assigned work: brings inputs here, has adapters run it, reports (design 6, steps 6, 7).
/// Begins only what the ledger assigns to this node.
public struct Executor: Sendable {
  public enum Stage: String, Hashable, Sendable {
    case staging, queued, running, publishing, reported
  }

  public struct Attempt: Hashable, Sendable {
    public let id: AttemptID
    public let collaboration: CollaborationID
    public internal(set) var stage = Stage.staging
    public internal(set) var reason = ""
    public internal(set) var nativeID = ""
    public internal(set) var nativeState = ""
    var missing: Set<Digest> = []
  }

  /// Contents up to this size travel inside the report.
  public static let inlineByteLimit = 512
  /// Specifications that are kept decoded, in bytes of their canonical form.
  static let specificationBytesKept = 64 * 1_024 * 1_024
  /// Fetches of one object before the attempt is given up.
  static let fetchTries = 6

  public internal(set) var attempts: [AttemptID: Attempt] = [:]
  /// Those of `attempts` that still wait for their inputs.
  private var staging: Set<AttemptID> = []
  private(set) var specifications: [Digest: TaskSpecification] = [:]
  private var specificationBytes = 0
  /// The plan whose inputs were asked for ahead, by task.
  var prefetchedPlan: [TaskID: Int] = [:]
  var reporting = Reporting()
  /// Objects that could not be fetched, and when (uptime) they are asked for again.
  private var failedFetches: [Digest: (tries: Int, againAt: Duration)] = [:]

  public init() {}

  public var isBusy: Bool { !attempts.isEmpty || !reporting.isEmpty }

  /// Begins what the ledger newly assigns to this node and stops what it no longer does.
  public mutating func folded(
    _ id: CollaborationID, _ changes: [TaskChange], context: CoordinationContext, assessor: inout Assessor,
    into effects: inout CoordinationEffects
  ) {
    guard let state = context.collaborations[id] else { return }
    prefetch(state, context, &effects)
    for change in changes {
      guard let task = state.tasks[change.task] else { continue }
      switch change.extent {
      case .attempts(let ids): for id in ids { take(id, task, state, context, &assessor, &effects) }
      case .whole:
        for id in attempts.keys.filter({ $0.task == task.id }).sorted() {
          take(id, task, state, context, &assessor, &effects)
        }
        guard (task.shares[context.node]?.running ?? 0) > 0 else { continue }
        for (index, subtask) in task.subtasks.enumerated() where subtask.assignee == context.node {
          let id = AttemptID(task: task.id, subtask: index, number: subtask.attempt)
          take(id, task, state, context, &assessor, &effects)
        }
      }
    }
  }

  private mutating func take(
    _ id: AttemptID, _ task: TaskRecord, _ state: CollaborationState, _ context: CoordinationContext,
    _ assessor: inout Assessor, _ effects: inout CoordinationEffects
  ) {
    let isAssigned = task.isAssigned(id.subtask, number: id.number, to: context.node)
    if let attempt = attempts[id] {
      if !isAssigned { drop(attempt, &effects) }
    } else if isAssigned, case .assigned(_, let lease) = task.subtasks[id.subtask].state {
      attempts[id] = Attempt(id: id, collaboration: state.id)
      staging.insert(id)
      if state.hasLapsed(lease: lease, at: context.wall) {
        fail(id, Self.lapsed, context, &effects)
      } else if assessor.hold(id, task.submission.needs(ofSubtask: id.subtask)) {
        stage(id, task, state, context, &effects)
      } else {
        // Its acceptance came onto the ledger after the room that it held was given to others (R40).
        fail(id, AttemptFailure(category: "lost", detail: "no room is left for it here"), context, &effects)
      }
    }
  }

  private static let lapsed = AttemptFailure(category: "lost", detail: "its lease is over")

  /// Ends attempts whose room was let go because their lease is over.
  public mutating func stop(
    _ gone: [AttemptID], _ context: CoordinationContext, into effects: inout CoordinationEffects
  ) {
    for id in gone {
      guard let stage = attempts[id]?.stage else { continue }
      if stage == .queued || stage == .running { effects.append(.cancelWork(id, reason: Self.lapsed.detail)) }
      // What runs says itself how it ended.
      if stage == .staging || stage == .queued { fail(id, Self.lapsed, context, &effects) }
    }
  }

  private mutating func drop(_ attempt: Attempt, _ effects: inout CoordinationEffects) {
    attempts[attempt.id] = nil
    staging.remove(attempt.id)
    reporting.settled(attempt.id)
    effects.append(.release(attempt.id))
    if [.queued, .running].contains(attempt.stage) {
      effects.append(.cancelWork(attempt.id, reason: "the ledger no longer assigns it to this node"))
    }
  }

  /// Ends all work of a collaboration whose ledger cannot be followed any more; there is nobody to report to.
  public mutating func abandon(_ collaboration: CollaborationID, into effects: inout CoordinationEffects) {
    for attempt in attempts.values.filter({ $0.collaboration == collaboration }).sorted(by: { $0.id < $1.id }) {
      drop(attempt, &effects)
    }
  }

  mutating func endStaging(of id: AttemptID) { staging.remove(id) }

  /// Ends an attempt that no adapter has.
  private mutating func fail(
    _ id: AttemptID, _ failure: AttemptFailure, _ context: CoordinationContext, _ effects: inout CoordinationEffects
  ) {
    effects.append(.release(id))
    ended(id, AttemptResult(id, failed: failure), at: context.now)
  }

  /// Asks for what is missing; hands the work to an adapter when nothing is.
  private mutating func stage(
    _ id: AttemptID, _ task: TaskRecord, _ state: CollaborationState, _ context: CoordinationContext,
    _ effects: inout CoordinationEffects
  ) {
    guard var attempt = attempts[id], attempt.stage == .staging else { return }
    let submission = task.submission
    guard context.objects.contains(submission.specification.digest) else {
      return want([submission.specification], for: id, task, state, context, &effects)
    }
    guard let specification = specifications[submission.specification.digest] else {
      attempt.reason = "reading the specification"
      attempts[id] = attempt
      return
    }
    if let problem = specification.disorder(for: submission) {
      let detail = "the task's specification cannot be used: \(problem)"
      return fail(id, AttemptFailure(category: "inputMissing", detail: detail), context, &effects)
    }
    let order = Self.order(id, task, specification, state)
    let needed = order.files.map(\.content) + order.standardInput
    let inline = id.subtask == submission.subtaskCount ? Self.inlineContents(of: task, needed, context) : [:]
    let missing = needed.filter { !context.objects.contains($0.digest) }
    guard missing.isEmpty else { return want(missing, for: id, task, state, context, inline: inline, &effects) }
    attempt.stage = .queued
    attempt.reason = "handed to the adapter"
    attempts[id] = attempt
    staging.remove(id)
    effects.append(.start(order))
  }

  private mutating func want(
    _ objects: [ObjectReference], for id: AttemptID, _ task: TaskRecord, _ state: CollaborationState,
    _ context: CoordinationContext, inline: [ObjectReference: String] = [:], _ effects: inout CoordinationEffects
  ) {
    let holders = Self.holders(of: task, state, context)
    attempts[id]?.missing = Set(objects.map(\.digest))
    attempts[id]?.reason =
      "waits for \(objects.count) inputs held by \(holders.map(context.name).joined(separator: ", "))"
    var seen: Set<Digest> = []
    for object in objects where seen.insert(object.digest).inserted {
      // Small results stand in the ledger itself.
      if let bytes = inline[object].flatMap(Base64.decode), ObjectReference(of: bytes) == object {
        effects.append(.keep(object, bytes))
      } else {
        effects.append(.fetch(object, from: holders))
      }
    }
  }

  /// The submitter first, then the coordinator, then whoever ran parts of the task.
  static func holders(
    of task: TaskRecord, _ state: CollaborationState, _ context: CoordinationContext
  ) -> [NodeID] {
    var seen: Set<NodeID> = [context.node]
    return ([task.submitter, state.coordinator] + task.shares.keys.sorted()).filter {
      seen.insert($0).inserted && context.isLive($0)
    }
  }

  /// Contents that reports brought along, of what the reducing subtask reads.
  private static func inlineContents(
    of task: TaskRecord, _ needed: [ObjectReference], _ context: CoordinationContext
  ) -> [ObjectReference: String] {
    let wanted = Set(needed.filter { !context.objects.contains($0.digest) && $0.byteCount <= inlineByteLimit })
    guard !wanted.isEmpty else { return [:] }
    var contents: [ObjectReference: String] = [:]
    for file in task.subtasks.lazy.compactMap(\.result).flatMap(\.files) where wanted.contains(file.content) {
      if let text = file.inline { contents[file.content] = text }
    }
    return contents
  }

  private static func order(
    _ id: AttemptID, _ task: TaskRecord, _ specification: TaskSpecification, _ state: CollaborationState
  ) -> WorkOrder {
    let submission = task.submission
    let reducing = id.subtask == submission.subtaskCount
    var environment = specification.environment
    var files: [WorkOrder.File] = []
    var standardInput: [ObjectReference] = []
    if reducing {
      standardInput = task.subtasks.dropLast().compactMap { subtask in
        subtask.result?.files.first { $0.path == "stdout" }?.content
      }
    } else {
      for input in specification.inputs(ofSubtask: id.subtask) {
        files += input.files.map { WorkOrder.File(input: input.name, path: $0.path, content: $0.content) }
      }
      environment.merge(variables(of: specification.split, subtask: id.subtask)) { _, derived in derived }
    }
    environment["JOINTCLOUD_TASK"] = id.task.hexadecimal
    environment["JOINTCLOUD_SUBTASK"] = String(id.subtask)
    environment["JOINTCLOUD_ATTEMPT"] = String(id.number)
    environment["JOINTCLOUD_SUBTASKS"] = String(submission.subtaskCount)
    let reduce = reducing ? specification.reduce : nil
    return WorkOrder(
      attempt: id, collaboration: state.id, trace: submission.trace, adapter: submission.adapter,
      command: reduce?.command ?? specification.command, script: reducing ? reduce?.script : specification.script,
      environment: environment, files: files, standardInput: standardInput,
      results: reduce?.results ?? specification.results, needs: submission.needs(ofSubtask: id.subtask),
      executeMilliseconds: submission.timeouts.executeMilliseconds, outputLimitBytes: specification.outputLimitBytes)
  }

  private static func variables(of split: TaskSpecification.Split, subtask: Int) -> [String: String] {
    func name(_ input: String) -> String { "INPUT_" + input.uppercased().replacing("-", with: "_") }
    switch split {
    case .items(let input, let items) where items.indices.contains(subtask): return [name(input): items[subtask]]
    case .range(let input, let pieces) where pieces.indices.contains(subtask):
      return [
        name(input) + "_FIRST": String(pieces[subtask].first), name(input) + "_LAST": String(pieces[subtask].last),
      ]
    default: return [:]
    }
  }

  // MARK: Objects

  /// A specification was read from the store; nil when it is none.
  public mutating func specified(
    _ reference: ObjectReference, _ specification: TaskSpecification?, context: CoordinationContext,
    into effects: inout CoordinationEffects
  ) {
    if let specification, specifications[reference.digest] == nil {
      specificationBytes += reference.byteCount
      // Those of attempts that still wait are read again.
      if specificationBytes > Self.specificationBytesKept {
        specifications = [:]
        specificationBytes = reference.byteCount
      }
      specifications[reference.digest] = specification
    }
    for (id, task, state) in waiting(context) where task.submission.specification == reference {
      guard specification != nil else {
        let detail = "the task's specification cannot be read"
        fail(id, AttemptFailure(category: "inputMissing", detail: detail), context, &effects)
        continue
      }
      stage(id, task, state, context, &effects)
    }
    for (_, state) in context.collaborations.sorted(by: { $0.key < $1.key }) where state.openTasks > 0 {
      prefetch(state, context, &effects)
    }
  }

  /// Specifications that are here and were not read yet.
  public func unread(_ context: CoordinationContext) -> [ObjectReference] {
    var seen: Set<Digest> = []
    let planned = context.collaborations.sorted { $0.key < $1.key }.flatMap { _, state in
      state.openTaskIDs.compactMap { state.tasks[$0] }.filter { wantsPrefetch($0, context) }
    }
    return (waiting(context).map(\.task) + planned).map(\.submission.specification).filter { reference in
      context.objects.contains(reference.digest) && specifications[reference.digest] == nil
        && seen.insert(reference.digest).inserted
    }
  }

  /// An object has come here.
  public mutating func arrived(
    _ digest: Digest, context: CoordinationContext, into effects: inout CoordinationEffects
  ) {
    failedFetches[digest] = nil
    for (id, task, state) in waiting(context) where attempts[id]?.missing.contains(digest) == true {
      attempts[id]?.missing.remove(digest)
      if attempts[id]?.missing.isEmpty == true { stage(id, task, state, context, &effects) }
    }
  }

  /// An object could not be brought here from anybody this time.
  public mutating func unavailable(
    _ reference: ObjectReference, why: String, context: CoordinationContext, into effects: inout CoordinationEffects
  ) {
    let tries = (failedFetches[reference.digest]?.tries ?? 0) + 1
    failedFetches[reference.digest] = (tries, context.now.uptime + .milliseconds(100 << min(tries, 6)))
    guard tries >= Self.fetchTries else { return }
    failedFetches[reference.digest] = nil
    for (id, _, _) in waiting(context) where attempts[id]?.missing.contains(reference.digest) == true {
      let detail = "input \(reference.digest.short) cannot be had: \(why)"
      fail(id, AttemptFailure(category: "inputMissing", detail: detail), context, &effects)
    }
  }

  /// Asks again for what could not be had, at growing distances, and tells how the attempts stand.
  public mutating func tick(_ context: CoordinationContext, into effects: inout CoordinationEffects) {
    inform(context, into: &effects)
    fetchAgain(context, &effects)
  }

  private mutating func fetchAgain(_ context: CoordinationContext, _ effects: inout CoordinationEffects) {
    let due = Set(failedFetches.filter { $0.value.againAt <= context.now.uptime }.keys)
    guard !due.isEmpty else { return }
    var wanted: Set<Digest> = []
    for (id, task, state) in waiting(context) where attempts[id]?.missing.isDisjoint(with: due) == false {
      wanted.formUnion(attempts[id]?.missing ?? [])
      stage(id, task, state, context, &effects)
    }
    for digest in due {
      if wanted.contains(digest) {
        failedFetches[digest]?.againAt = .seconds(Int64.max / 2)
      } else {
        failedFetches[digest] = nil
      }
    }
  }

  private func waiting(
    _ context: CoordinationContext
  ) -> [(id: AttemptID, task: TaskRecord, state: CollaborationState)] {
    staging.sorted().compactMap { id in
      guard let attempt = attempts[id], let state = context.collaborations[attempt.collaboration],
        let task = state.tasks[id.task]
      else { return nil }
      return (id, task, state)
    }
  }
}

extension Executor.Stage {
  var rank: Int {
    switch self {
    case .staging: 0
    case .queued: 1
    case .running: 2
    case .publishing: 3
    case .reported: 4
    }
  }
}
