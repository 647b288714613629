import Glibc
internal import Model
internal import Resources

/// Looks at a running command until it ends, holds it to its limits, and ends it politely or not.
struct Watch {
  let work: Work
  let scratch: Scratch
  let tree: ProcessTree
  let ownLevels: Int
  let processLimit: Int
  let diskReserveBytes: Int
  let grace: Duration
  let order: StopOrder

  private let start = ContinuousClock.now
  private var usage = WorkUsage.zero
  private var failure: WorkFailure?
  private var deadline: Duration?
  private var nextSample: Duration = .zero

  init(_ run: LocalRun, process: Int32) {
    self.work = run.work
    self.scratch = run.scratch
    self.tree = ProcessTree(root: process)
    self.ownLevels = run.sandbox.ownLevels
    self.processLimit = run.sandbox.configuration.processLimit
    self.diskReserveBytes = run.sandbox.configuration.diskReserveBytes
    self.grace = run.sandbox.configuration.grace
    self.order = run.order
  }

  struct Finding {
    /// Why the watch ended the command; nil if the command ended by itself.
    let failure: WorkFailure?
    let usage: WorkUsage
  }

  /// Returns when the process has ended, while it still waits to be reaped, so that its number is still its own; or,
  /// if this task is cancelled, as soon as the final signal is sent.
  mutating func untilEnd() async -> Finding {
    while true {
      let elapsed = ContinuousClock.now - start
      guard let status = tree.rootStatus(), !status.hasEnded else { return finish(elapsed) }
      if elapsed >= nextSample { look(elapsed) }
      if Task.isCancelled {
        stop(WorkFailure(.lost, "the node stopped while it ran"), elapsed, grace: .zero)
      } else if let ordered = order.given {
        stop(ordered, elapsed, grace: grace)
      } else if elapsed >= work.executeTimeout {
        stop(
          WorkFailure(.timeout, "it ran longer than its execute timeout of \(work.executeTimeout)"), elapsed,
          grace: grace)
      } else if failure == nil, let shortage = diskShortage() {
        stop(shortage, elapsed, grace: .zero)
      }
      if let deadline, elapsed >= deadline {
        tree.signal(SIGKILL, sparing: 0)
        if Task.isCancelled { return finish(elapsed) }
      }
      // Short at first, so that short commands are found ended soon; never so short that watching costs.
      let pause = min(max(elapsed / 16, .milliseconds(1)), .milliseconds(25))
      try? await Task.sleep(for: pause)
    }
  }

  private mutating func stop(_ reason: WorkFailure, _ elapsed: Duration, grace: Duration) {
    if failure == nil {
      failure = reason
      if grace > .zero { tree.signal(SIGTERM, sparing: ownLevels) }
    }
    deadline = min(deadline ?? elapsed + grace, elapsed + grace)
  }

  private mutating func look(_ elapsed: Duration) {
    nextSample = elapsed + min(max(elapsed / 4, .milliseconds(10)), .milliseconds(100))
    let sample = tree.sample()
    usage.cpuMilliseconds = max(usage.cpuMilliseconds, sample.cpuMilliseconds)
    usage.peakMemoryBytes = max(usage.peakMemoryBytes, sample.memoryBytes)
    let limit = max(work.amounts.memoryBytes, Sandbox.leastMemoryBytes)
    if sample.memoryBytes > limit {
      stop(
        WorkFailure(
          .memory, "it held \(sample.memoryBytes) bytes of memory, over the \(limit) it may; ask for more memory"),
        elapsed, grace: .zero)
    }
    // The kernel's own limit does not bind a node that runs as root.
    if sample.processCount > processLimit + ownLevels {
      stop(
        WorkFailure(.processes, "it had \(sample.processCount) processes, over this node's limit of \(processLimit)"),
        elapsed, grace: .zero)
    }
    for stream in LogStream.allCases where scratch.outputByteCount(stream) > work.outputLimitBytes {
      stop(Self.overOutput(stream, limit: work.outputLimitBytes), elapsed, grace: .zero)
    }
  }

  /// An attempt that holds no more is not ended for others that fill the disk, while there is room for all such.
  private static let harmlessScratchBytes = 1 << 20

  /// Asked at each turn, not at each sample: a disk fills fast, and the node itself cannot go on without.
  private func diskShortage() -> WorkFailure? {
    guard let free = Scratch.freeDiskBytes(at: scratch.root), free < diskReserveBytes else { return nil }
    let found = "\(free) bytes of the node's disk are free, under its reserve of \(diskReserveBytes)"
    if scratch.holdsMore(than: Self.harmlessScratchBytes) {
      return WorkFailure(.output, "\(found), and this attempt held more than \(Self.harmlessScratchBytes)")
    }
    return free < diskReserveBytes / 2 ? WorkFailure(.adapter, "\(found): nothing can run there") : nil
  }

  static func overOutput(_ stream: LogStream, limit: Int) -> WorkFailure {
    WorkFailure(.output, "it wrote more than \(limit) bytes to \(stream.rawValue); write to a result file instead")
  }

  private func finish(_ elapsed: Duration) -> Finding {
    var usage = usage
    usage.cpuMilliseconds = max(usage.cpuMilliseconds, tree.rootStatus()?.cpuMilliseconds ?? 0)
    usage.wallMilliseconds = Int(elapsed / .milliseconds(1))
    return Finding(failure: failure, usage: usage)
  }
}
