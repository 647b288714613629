import Interface
import Node

/// Why a node that was set up in a folder does not answer, by what its process does.
struct NodeSilence {
  let folder: DataFolder
  let process: FolderProcess

  func explained(_ error: ClientError) -> any Error {
    switch (error, process.state) {
    case (.timedOut, .stopped), (.notRunning, .stopped):
      Failure(
        .timedOut,
        "the node in \(folder.given) does not answer: its process \(process.id) is stopped (SIGSTOP, or Ctrl-Z)",
        next: "kill -CONT \(process.id)")
    case (.timedOut, .running):
      Failure(
        .timedOut, "the node in \(folder.given) does not answer in time, though its process \(process.id) runs",
        next: "look at its log and at this machine's load (uptime); where it stays so, end it with kill \(process.id) "
          + "and start it again: jointcloud node run --data \(folder.typed)")
    case (.notRunning, .running):
      Failure(
        .error, "process \(process.id) has the folder \(folder.given) and does not listen yet, or not any more",
        next: "give the command again in a moment; its log says what it does")
    case (.notRunning(let endpoint, let next), .gone):
      Failure(
        .error, "no node answers at \(endpoint): its process \(process.id) is gone, without an orderly end", next: next)
    default: error
    }
  }
}
