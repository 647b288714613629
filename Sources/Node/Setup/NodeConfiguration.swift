public import Contract
public import Model

/// `node.yaml`: what the owner of a node decides (docs/operating.md). Keys and secrets stand elsewhere.
public struct NodeConfiguration: Sendable, Hashable {
  public static let byteLimit = 1_024 * 1_024
  public static let adapterNames = ["local", "noop"]
  public static let logLevels = ["trace", "debug", "info", "notice", "warning", "error", "critical"]

  public var name: String
  public var kind: NodeKind
  /// Who answers for it: one vote an owner.
  public var owner: String
  /// What collaborations may use of the machine.
  public var offer: Amounts
  /// What this node asks for a CPU-second; nil takes the contract's price.
  public var priceMicroPerCPUSecond: Int?
  public var sandbox: Sandbox
  /// Folders and files of this machine that work in the sandbox may read besides the system's.
  public var readable: [String]
  /// Names from `adapterNames`, in order of preference.
  public var adapters: [String]
  public var policy: Policy
  /// HOST:PORT for other nodes, where `node run` is not told another.
  public var listenAddress: String
  /// HOST:PORT for the HTTP interface; nil for the socket alone.
  public var httpAddress: String?
  public var logLevel: String

  public enum Sandbox: String, Sendable, CaseIterable {
    case bubblewrap
    /// Work runs as this user, limited but not shut in.
    case none
  }

  /// What the node decides by itself about calls and offers.
  public struct Policy: Sendable, Hashable {
    /// The first rule that fits declines.
    public var decline: [DeclineRule]
    /// Offers wait for `offer accept` or `offer decline`.
    public var isManual: Bool

    public init(decline: [DeclineRule], isManual: Bool) {
      self.decline = decline
      self.isManual = isManual
    }
  }

  /// Declines work of a kind, with a label, or both.
  public struct DeclineRule: Sendable, Hashable {
    /// The kind of work; nil for any.
    public var work: String?
    /// A label that the work bears; nil for any.
    public var label: Label?
    public var code: DeclineCode
    /// Told to the coordinator.
    public var text: String

    public struct Label: Sendable, Hashable {
      public var key: String
      public var value: String
    }
  }

  /// A node that has just been set up.
  public init(name: String, kind: NodeKind, owner: String, offer: Amounts) {
    self.name = name
    self.kind = kind
    self.owner = owner
    self.offer = offer
    priceMicroPerCPUSecond = nil
    sandbox = .bubblewrap
    readable = []
    adapters = ["local", "noop"]
    policy = Policy(decline: [], isManual: false)
    listenAddress = "127.0.0.1:0"
    httpAddress = nil
    logLevel = "info"
  }
}
