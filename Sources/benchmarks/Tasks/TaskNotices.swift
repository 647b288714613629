import Engine
import Model

/// What a notice of the nodes' work is about.
struct TaskNotice: Hashable, Sendable, CustomStringConvertible {
  let kind: String
  var task: TaskID?
  var collaboration: CollaborationID?

  init(_ kind: String, of task: TaskID) {
    self.kind = kind
    self.task = task
  }

  init(_ kind: String, in collaboration: CollaborationID) {
    self.kind = kind
    self.collaboration = collaboration
  }

  /// nil for what is about neither.
  init?(_ notice: NoticeView) {
    kind = notice.kind
    task = notice.task
    collaboration = notice.task == nil ? notice.collaboration : nil
    if task == nil && collaboration == nil { return nil }
  }

  var description: String { kind }
}

typealias TaskBoard = SightingBoard<TaskNotice>

extension TaskBoard {
  /// Runs `body` while such notices are taken of one node, or of all.
  static func following<Value: Sendable>(
    _ network: BenchmarkNetwork, only node: Int? = nil, kinds: Set<String>,
    _ body: @escaping @Sendable (TaskBoard) async throws -> Value
  ) async throws -> Value {
    let board = TaskBoard()
    return try await network.following(
      only: node.map { [$0] },
      { observer, notice in
        if kinds.contains(notice.kind), let subject = TaskNotice(notice) { board.note(subject, by: observer) }
      },
      { try await body(board) })
  }
}
