import Glibc
internal import Resources

/// What a command's ending means.
struct Verdict {
  enum Ending: Equatable {
    case exited(Int)
    case signaled(Int)
  }

  let ending: Ending
  /// The last of what the command wrote to standard error, on one line.
  let lastWords: String
  let sandboxed: Bool

  /// - Returns: nil if the command succeeded.
  var failure: WorkFailure? {
    switch ending {
    case .exited(0): nil
    // Shells, and bubblewrap, report a signal as 128 plus its number.
    case .exited(let code) where code > 128 && code <= 128 + 64: bySignal(code - 128)
    case .exited(let code): byExit(code)
    case .signaled(let signal): bySignal(signal)
    }
  }

  private static let allocationFailures = [
    "Cannot allocate memory", "MemoryError", "bad_alloc", "out of memory", "Out of memory", "memory exhausted",
    "OutOfMemoryError",
  ]

  private var ranOutOfMemory: Bool { Self.allocationFailures.contains(where: lastWords.contains) }
  private var quote: String { lastWords.isEmpty ? "it wrote nothing to stderr" : "its last words: \(lastWords)" }

  private func byExit(_ code: Int) -> WorkFailure {
    if sandboxed, code == 1, lastWords.hasPrefix("bwrap: ") {
      return WorkFailure(.sandbox, "the sandbox could not be set up: \(lastWords)")
    }
    if code == 127 {
      return WorkFailure(
        .commandNotFound, "a program was not found on this node (exit code 127); \(quote)", exitCode: code)
    }
    if ranOutOfMemory {
      return WorkFailure(
        .memory, "it could not get the memory it asked for (exit code \(code)); \(quote)", exitCode: code)
    }
    let cause = code == 126 ? "a program could not be executed (exit code 126)" : "it ended with exit code \(code)"
    return WorkFailure(.command, "\(cause); \(quote)", exitCode: code)
  }

  private func bySignal(_ signal: Int) -> WorkFailure {
    switch Int32(clamping: signal) {
    case SIGXFSZ:
      return WorkFailure(.output, "it wrote a file over this node's limit for one file; \(quote)", signal: signal)
    case SIGXCPU:
      return WorkFailure(.timeout, "it used more processor time than its execute timeout allows", signal: signal)
    case _ where ranOutOfMemory:
      return WorkFailure(.memory, "it could not get the memory it asked for; \(quote)", signal: signal)
    case SIGKILL:
      return WorkFailure(
        .signal, "signal 9 ended it, and not by this node's order: the machine may be out of memory; \(quote)",
        signal: signal)
    default:
      return WorkFailure(.signal, "signal \(signal) ended it; \(quote)", signal: signal)
    }
  }
}
