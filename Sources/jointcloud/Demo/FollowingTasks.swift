import Contract
import Engine
import Interface
import Model
import Node

/// What is the same for both tasks: submitting, following, showing.
extension DemoPlay {
  /// Submits `NAME.yaml` of the demo's folder at the asker.
  func submit(_ name: String, _ doing: String) async throws -> TaskView {
    var view: TaskView?
    try await report.step("submit", doing) {
      let upload = try TaskUpload(manifest: "\(folder.path)/\(name).yaml")
      view = try await ask(DemoCast.asker.name) { client in
        try await upload.store(through: client)
        return try await client.submit(
          SubmissionRequest(submission: upload.submission, collaboration: nil, opensCollaboration: false))
      }
      return "task \(name): \(upload.submission.subtaskCount) subtasks and one that reduces"
    }
    guard let view else { throw Failure(step: "the task was not submitted") }
    return view
  }

  /// Waits until the task's collaboration is open, and says who answered what.
  func opened(_ task: TaskID) async throws -> CollaborationView {
    var opened: CollaborationView?
    try await report.step("announce", "the call goes to every node, each answers by its own policy") {
      let view = try await until("the round is open", atMost: .seconds(15)) {
        let task = try await ask(DemoCast.asker.name) { try await $0.task(task).task }
        guard task.state != "unplaced", task.state != "failed" else {
          throw Failure(.unplaced, "the task \(task.state): \(task.reason)", next: "jointcloud task explain last")
        }
        let all = try await ask(DemoCast.asker.name) { try await $0.collaborations() }
        return all.first { $0.collaboration == task.collaboration && $0.state == "open" }
      }
      opened = view
      let answers = view.negotiation.filter { $0.name != DemoCast.asker.name }
      let joined = answers.filter { $0.answer == "joined" }
      let declined = answers.filter { $0.answer == "declined" }
      let reasons = declined.map { "\($0.name): \($0.code), \($0.reason)" }.joined(separator: "; ")
      let others = answers.filter { !["joined", "declined"].contains($0.answer) }
        .map { ", \($0.name) \($0.answer)" + ($0.reason.isEmpty ? "" : " (\($0.reason))") }
      return "announced to \(answers.count), joined \(joined.count), declined \(declined.count)"
        + (reasons.isEmpty ? "" : " (\(reasons))") + others.joined()
    }
    guard let opened else { throw Failure(step: "no round was opened") }
    return opened
  }

  /// Follows a task to its end, which must be success.
  func finish(
    _ id: TaskID, _ name: String, losing: String? = nil, _ judge: (TaskDetailView) async throws -> String
  ) async throws -> TaskDetailView {
    var last: TaskDetailView?
    try await report.step(name, "at work") {
      let detail = try await until(
        "task \(id.short) has ended", atMost: .seconds(90), every: .milliseconds(100), dying: losing
      ) {
        let detail = try await ask(DemoCast.asker.name) { try await $0.task(id) }
        showProgress(detail)
        return ["succeeded", "failed", "cancelled", "unplaced"].contains(detail.task.state) ? detail : nil
      }
      guard detail.task.state == "succeeded" else {
        throw Failure(
          .taskFailed, "task \(id.short) \(detail.task.state): \(detail.task.category) \(detail.task.reason)",
          next:
            "jointcloud task explain \(id.short) --data \(ShellWord.quoted(folder.data(of: DemoCast.asker.name).path))")
      }
      last = detail
      return try await judge(detail)
    }
    guard let last else { throw Failure(step: "the task was not followed") }
    return last
  }

  func showProgress(_ detail: TaskDetailView) {
    let task = detail.task
    var line = "      \(task.name): \(task.succeeded) of \(task.subtasks) done"
    guard task.state == "running" else {
      screen.passing("\(line), \(task.state)\(task.reason.isEmpty ? "" : ": " + task.reason)")
      return
    }
    let working = detail.participants.filter { $0.succeeded > 0 || $0.running > 0 }.map { participant in
      "\(participant.name) \(participant.succeeded)" + (participant.running > 0 ? "+\(participant.running)" : "")
    }
    if !working.isEmpty { line += " | " + working.joined(separator: ", ") }
    screen.passing(line)
  }

  /// The reduced result's standard output, checked against its digest.
  func output(of detail: TaskDetailView) async throws -> String {
    let reducing = detail.subtasks.filter { $0.stage == "reduce" }.flatMap(\.results) + detail.results
    guard let file = reducing.first(where: { $0.path == "stdout" }) else {
      throw Failure(.error, "the task left no output", next: "jointcloud task show \(detail.task.task.short)")
    }
    let reference = ObjectReference(digest: file.digest, byteCount: file.byteCount)
    let bytes = try await ask(DemoCast.asker.name) { client in
      var bytes: [UInt8] = []
      try await client.readObject(reference) { bytes += $0 }
      return bytes
    }
    guard Digest(of: bytes) == file.digest else { throw Failure(step: "the result does not match its digest") }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Who did what, for which price, and how weights moved.
  func show(_ detail: TaskDetailView) {
    var rows: [[Table.Cell]] = []
    var kept: [JSON] = []
    for participant in detail.participants where participant.name != DemoCast.asker.name {
      let old = participant.weightBeforePPM
      rows.append([
        .init(participant.name), .init("\(participant.accepted)"), .init("\(participant.succeeded)"),
        .init("\(participant.lost + participant.failed)", participant.lost + participant.failed > 0 ? .red : nil),
        .init("\(participant.cpuMilliseconds) ms"), .init(HumanText.credits(participant.costMicro)),
        .init("\(HumanText.ppm(old)) -> \(HumanText.ppm(participant.weightAfterPPM))"),
      ])
      kept.append(
        .object([
          "name": .string(participant.name), "accepted": .integer(Int64(participant.accepted)),
          "succeeded": .integer(Int64(participant.succeeded)), "lost": .integer(Int64(participant.lost)),
          "failed": .integer(Int64(participant.failed)),
          "cpuMilliseconds": .integer(Int64(participant.cpuMilliseconds)),
          "costMicro": .integer(Int64(participant.costMicro)), "weightBeforePPM": .integer(Int64(old)),
          "weightAfterPPM": .integer(Int64(participant.weightAfterPPM)),
        ]))
    }
    report.keep("participants of \(detail.task.name)", .array(kept))
    guard !rows.isEmpty else { return }
    screen.table(
      Table(titles: ["PARTICIPANT", "ACCEPTED", "DONE", "LOST", "CPU", "CREDITS", "WEIGHT"], rows: rows))
  }
}
