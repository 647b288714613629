public import Model

/// How a node runs commands on its own machine.
public struct LocalConfiguration: Sendable {
  public enum Confinement: String, Sendable, CaseIterable {
    /// bubblewrap: no network, a read-only system, own scratch, own process tree.
    case bubblewrap
    /// Plain processes with limits: they see everything the node's user sees. Only its owner can choose this.
    case none
  }

  public var name: String
  /// Holds one folder an attempt. The adapter owns it whole: what it finds there at the start it removes.
  public var workFolder: String
  /// nil: all cores, and four fifths of the memory.
  public var total: Amounts?
  public var sandbox: Confinement
  /// Folders and files of this machine that commands may read besides the system's.
  public var readable: [String]
  /// The `bwrap` program: a path, or a name to look up.
  public var bubblewrap: String
  /// Processes and threads of one attempt.
  public var processLimit: Int
  /// Bytes of any one file that a command writes.
  public var fileLimitBytes: Int
  /// What the work folder's disk keeps free for the node itself. Below it attempts that hold more than a little of
  /// the disk are ended, below half of it all.
  public var diskReserveBytes: Int
  /// Between the polite and the final signal.
  public var grace: Duration
  /// Attempts that run at a time; more wait in state `queued`.
  public var concurrentLimit: Int
  /// Attempts known at a time; released ones do not count.
  public var attemptLimit: Int

  public init(
    name: String = "local", workFolder: String, total: Amounts? = nil, sandbox: Confinement = .bubblewrap,
    readable: [String] = [], bubblewrap: String = "bwrap", processLimit: Int = 512, fileLimitBytes: Int = 16 << 30,
    diskReserveBytes: Int = 512 << 20, grace: Duration = .seconds(2), concurrentLimit: Int = 128,
    attemptLimit: Int = 10_000
  ) {
    self.name = name
    self.workFolder = workFolder
    self.total = total
    self.sandbox = sandbox
    self.readable = readable
    self.bubblewrap = bubblewrap
    self.processLimit = processLimit
    self.fileLimitBytes = fileLimitBytes
    self.diskReserveBytes = diskReserveBytes
    self.grace = grace
    self.concurrentLimit = concurrentLimit
    self.attemptLimit = attemptLimit
  }
}
