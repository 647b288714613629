internal import Contract
internal import Coordination
internal import Model
internal import Overlay

/// A result that its submitter still lacks.
struct WantedResult: Sendable {
  let reference: ObjectReference
  let holders: [NodeID]
  var tries = 0
  /// Uptime.
  var againAt = Duration.zero
}

// Results of tasks that were submitted here are brought here, whoever coordinates: they outlive who leaves (R66).
extension NodeEngine {
  /// How often a result is asked for before it is left to its holders.
  static let resultTries = 20

  mutating func bringResults(of change: TaskChange, in id: CollaborationID, _ turn: inout Turn) {
    guard let book = books[id], let task = book.tasks[change.task], task.submitter == identity.node else { return }
    let indices: [Int] =
      switch change.extent {
      case .whole: Array(task.subtasks.indices)
      case .attempts(let attempts): attempts.map(\.subtask)
      }
    for index in indices {
      guard case .succeeded(let node) = task.subtasks[index].state, let result = task.subtasks[index].result else {
        continue
      }
      for file in result.files where !objects.contains(file.content.digest) {
        if let bytes = file.inline.flatMap(Base64.decode), ObjectReference(of: bytes) == file.content {
          turn.act(.keep(file.content, bytes))
        } else {
          let holders = [node, book.coordinator].filter { $0 != identity.node }
          wantedResults[file.content.digest] = WantedResult(reference: file.content, holders: holders)
          fetch(file.content, from: holders, &turn)
        }
      }
    }
  }

  mutating func resultArrived(_ digest: Digest) { wantedResults[digest] = nil }

  /// A result could not be had this time.
  mutating func resultUnavailable(_ digest: Digest, at now: Moment) {
    guard var wanted = wantedResults[digest] else { return }
    wanted.tries += 1
    wanted.againAt = now.uptime + .milliseconds(500 << min(wanted.tries, 7))
    wantedResults[digest] = wanted.tries < Self.resultTries ? wanted : nil
  }

  /// Asks again for results that could not be had.
  mutating func askForResults(_ turn: inout Turn) {
    for (digest, wanted) in wantedResults.sorted(by: { $0.key < $1.key })
    where wanted.tries > 0 && wanted.againAt <= turn.now.uptime && !fetching.contains(digest) {
      fetch(wanted.reference, from: wanted.holders, &turn)
    }
  }
}
