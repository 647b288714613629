package import Contract
internal import Coordination
package import Engine
package import Model
internal import Overlay

/// A task as a person would describe it.
package struct TaskPlan {
  package var name: String
  package var kind: String
  package var labels: [String: String]
  package var subtasks: Int
  package var reduces: Bool
  package var needs: Amounts
  package var attempts: Int
  package var priceLimit: Int?
  package var negotiateMilliseconds: Int
  package var queueMilliseconds: Int
  package var executeMilliseconds: Int
  package var totalMilliseconds: Int
  package var adapter: String?
  /// One subtask for each content; replaces `subtasks`.
  package var inputs: [[UInt8]]

  package init(
    name: String = "task", kind: String = "batch", labels: [String: String] = [:], subtasks: Int = 1,
    reduces: Bool = false, needs: Amounts = Amounts(cpuMillicores: 500, memoryBytes: 64 << 20), attempts: Int = 3,
    priceLimit: Int? = nil, negotiateMilliseconds: Int = 2_000, queueMilliseconds: Int = 10_000,
    executeMilliseconds: Int = 5_000, totalMilliseconds: Int = 300_000, adapter: String? = nil,
    inputs: [[UInt8]] = []
  ) {
    self.name = name
    self.kind = kind
    self.labels = labels
    self.subtasks = subtasks
    self.reduces = reduces
    self.needs = needs
    self.attempts = attempts
    self.priceLimit = priceLimit
    self.negotiateMilliseconds = negotiateMilliseconds
    self.queueMilliseconds = queueMilliseconds
    self.executeMilliseconds = executeMilliseconds
    self.totalMilliseconds = totalMilliseconds
    self.adapter = adapter
    self.inputs = inputs
  }
}

extension SimulatedNetwork {
  /// Puts the task's specification into a node's store and submits it there.
  @discardableResult
  package func submit(
    _ plan: TaskPlan, at index: Int, to collaboration: CollaborationID? = nil, opens: Bool = false
  ) -> CommandID {
    let parts = plan.inputs.map { [TaskSpecification.File(path: "part", content: ObjectReference(of: $0))] }
    for bytes in plan.inputs {
      let reference = ObjectReference(of: bytes)
      nodes[index].objects[reference.digest] = bytes
      give(.object(.arrived(reference)), to: index)
    }
    let subtasks = parts.isEmpty ? plan.subtasks : parts.count
    let specification = TaskSpecification(
      command: ["true"], script: nil, environment: [:], sharedInputs: [],
      split: parts.isEmpty ? .replicas(count: subtasks) : .parts(name: "text", parts: parts),
      results: [], outputLimitBytes: 1 << 20,
      reduce: plan.reduces ? .init(command: ["cat"], script: nil, results: []) : nil)
    guard let bytes = try? CanonicalJSON.encode(specification) else { preconditionFailure("no specification") }
    let reference = ObjectReference(of: bytes)
    nodes[index].objects[reference.digest] = bytes
    give(.object(.arrived(reference)), to: index)
    let submission = Submission(
      name: plan.name, kind: plan.kind, labels: plan.labels, specification: reference, subtaskCount: subtasks,
      reduces: plan.reduces, needs: plan.needs, reduceNeeds: plan.needs, adapter: plan.adapter,
      timeouts: .init(
        negotiateMilliseconds: plan.negotiateMilliseconds, queueMilliseconds: plan.queueMilliseconds,
        executeMilliseconds: plan.executeMilliseconds, totalMilliseconds: plan.totalMilliseconds),
      attemptLimit: plan.attempts, priority: 0, priceLimitMicroPerCPUSecond: plan.priceLimit,
      trace: TraceID(random.digest()), submittedMilliseconds: now.wallMilliseconds, nonce: random.digest().hexadecimal)
    return command(
      .submit(
        SubmissionRequest(submission: submission, collaboration: collaboration, opensCollaboration: opens)),
      at: index)
  }

  /// The id of what a submission became, once it is answered.
  package func task(_ command: CommandID, at index: Int) -> TaskID? {
    if nodes[index].answers[command] == nil { run(for: .seconds(5)) { $0.nodes[index].answers[command] != nil } }
    guard case .success(.task(let id)) = nodes[index].answers[command] else { return nil }
    return id
  }

  package func state(_ task: TaskID, at index: Int) -> String? {
    nodes[index].engine.taskView(task, at: now)?.state
  }

  package func book(of task: TaskID, at index: Int) -> CollaborationState? { nodes[index].engine.book(of: task) }

  package static let finalStates: Set<String> = ["succeeded", "failed", "cancelled", "unplaced"]

  /// Runs until a task is over at a node.
  ///
  /// - Returns: its state.
  @discardableResult
  package func finish(_ task: TaskID, at index: Int, within duration: Duration = .seconds(60)) -> String {
    run(for: duration) { network in
      guard network.nodes[index].isUp else { return false }
      // A task's view counts its subtasks; its end is enough here.
      return network.nodes[index].engine.books.values.contains { $0.tasks[task]?.isOver == true }
        || network.nodes[index].engine.submissions[task]?.ended != nil
    }
    return state(task, at: index) ?? "unknown"
  }

  /// Lets replication come to its end.
  package func settle() { run(for: .seconds(3)) }

  /// The ledger's hashes as a node holds them.
  package func ledger(_ id: CollaborationID, at index: Int) -> [Digest] {
    let engine = nodes[index].engine
    var out: [Digest] = []
    while let page = engine.entryViews(of: id, from: out.count + 1, limit: 1_000), !page.isEmpty {
      out += page.map(\.hash)
    }
    return out
  }

  /// What a task's only or reducing subtask wrote, read where it was submitted.
  package func output(of task: TaskID, at index: Int) -> String? {
    guard let detail = nodes[index].engine.taskDetail(task, at: now),
      let file = detail.results.first(where: { $0.path == "stdout" }), let bytes = nodes[index].objects[file.digest]
    else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }
}
