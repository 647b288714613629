public import Contract
public import Model

/// One collaboration on its way from call to open round, as its coordinator keeps it (design 6, steps 1 to 3).
public struct Negotiation: Codable, Hashable, Sendable {
  /// Nodes whose answers are kept; entry 1 holds them all.
  static let recordLimit = 40

  public enum Phase: String, Codable, Hashable, Sendable {
    /// The call is out.
    case calling
    /// The roster is out for signature.
    case signing
    case opened
    case failed
  }

  public internal(set) var charter: Charter
  public internal(set) var contract: ContractDocument
  public internal(set) var kind: String
  public internal(set) var labels: [String: String]
  public internal(set) var needs: Amounts
  public internal(set) var priceLimitMicroPerCPUSecond: Int?
  public internal(set) var trace: TraceID
  public internal(set) var phase = Phase.calling
  public internal(set) var reason = ""
  /// The statement of the call that is out; nil until the first is made.
  public internal(set) var call: StatementID?
  /// Wall milliseconds at which the phase ends whoever is missing.
  public internal(set) var deadlineMilliseconds: Int64
  /// By node id.
  public internal(set) var records: [NodeID: NegotiationRecord] = [:]
  var joined: [NodeID: RosterMember] = [:]
  /// Acceptable counter-proposals to the call that is out.
  var counters: [NodeID: ContractDocument] = [:]
  var proposal: RosterProposal?
  var signatures: [NodeID: SignedStatement] = [:]
  var rosters = 0

  init(
    charter: Charter, contract: ContractDocument, kind: String, labels: [String: String], needs: Amounts,
    priceLimitMicroPerCPUSecond: Int?, trace: TraceID, deadlineMilliseconds: Int64
  ) {
    self.charter = charter
    self.contract = contract
    self.kind = kind
    self.labels = labels
    self.needs = needs
    self.priceLimitMicroPerCPUSecond = priceLimitMicroPerCPUSecond
    self.trace = trace
    self.deadlineMilliseconds = deadlineMilliseconds
  }

  /// Who has joined while the call is out or the roster waits for signatures, in order of their ids.
  public var membersSoFar: [RosterMember] { joined.values.sorted { $0.node < $1.node } }

  public var isOver: Bool { phase == .opened || phase == .failed }

  mutating func record(
    _ node: NodeID, name: String, _ answer: NegotiationRecord.Answer, code: String = "", text: String = "",
    at milliseconds: Int64 = 0
  ) {
    guard records[node] != nil || records.count < Self.recordLimit else { return }
    records[node] = NegotiationRecord(
      node: node, name: Text.bounded(name, limit: 64), answer: answer, code: code,
      text: Text.bounded(text, limit: 100), timeMilliseconds: milliseconds)
  }

  /// Which admission condition a member does not meet; nil when it meets all (R31).
  func refusal(of member: RosterMember) -> String? {
    if let problem = member.disorder { return "\(problem) is out of range" }
    guard let keys = try? EpochCertificate(checking: member.certificate), keys.node == member.node else {
      return "its certificate does not hold"
    }
    return contract.refusal(of: member)
  }

  /// Whether a counter-proposal changes nothing but the price, within what the founder will pay.
  func accepts(_ counter: ContractDocument) -> Bool {
    guard contract.version < contract.negotiation.versionsAtMost, let limit = priceLimitMicroPerCPUSecond else {
      return false
    }
    guard counter.disorder == nil else { return false }
    var expected = contract
    expected.version += 1
    expected.price = counter.price
    return counter == expected && counter.price.microPerCPUSecond > contract.price.microPerCPUSecond
      && counter.price.microPerCPUSecond <= limit
  }
}
