public import Model
internal import Sodium

/// What a member says of itself, checkable by anyone who has the genesis. A newer one (by epoch, then
/// incarnation) replaces it.
public struct MemberRecord: StatementBody {
  public static let purpose = Purpose("member")
  public static let addressLimit = 8

  /// `host:port` of the node's stream port; the first that answers is used.
  public let addresses: [String]
  public let admission: Admission
  /// The working keys, certified by the root.
  public let certificate: SignedStatement
  /// Seals datagrams; drawn anew at each start of the process and replaced while it runs.
  public let datagramKey: AgreementKey
  /// Raised with every record that the node signs.
  public let incarnation: Int
  /// Drawn at each start of the process: tells a restart from a second process with the same key.
  public let instance: Digest
  /// What kind of cloud it is, such as `edge`.
  public let kind: String
  /// Says goodbye: the node stops of its own will.
  public let leaving: Bool
  public let name: String
  /// When the process started, milliseconds since 1970-01-01T00:00:00Z.
  public let startedMilliseconds: Int64

  public init(
    name: String, kind: String, addresses: [String], certificate: SignedStatement, admission: Admission,
    datagramKey: AgreementKey, incarnation: Int, instance: Digest, startedMilliseconds: Int64, leaving: Bool = false
  ) {
    self.addresses = addresses
    self.admission = admission
    self.certificate = certificate
    self.datagramKey = datagramKey
    self.incarnation = incarnation
    self.instance = instance
    self.kind = kind
    self.leaving = leaving
    self.name = name
    self.startedMilliseconds = startedMilliseconds
  }

  /// A number for a node's next record: above all it gave out, also when the clock was set back.
  ///
  /// - Parameters:
  ///   - last: the highest so far.
  ///   - wallMilliseconds: milliseconds since 1970-01-01T00:00:00Z.
  public static func incarnation(above last: Int, wallMilliseconds: Int64) -> Int {
    max(last + 1, Int(wallMilliseconds))
  }

  /// - Throws: `IdentityError.malformed` naming the field that is outside its limits.
  func checkLimits() throws(IdentityError) {
    guard TextRule.name.allows(name) else { throw Self.malformed("name is \(TextRule.name.statement)") }
    guard TextRule.kind.allows(kind) else { throw Self.malformed("kind is \(TextRule.kind.statement)") }
    guard addresses.count <= Self.addressLimit else {
      throw Self.malformed("at most \(Self.addressLimit) addresses")
    }
    guard addresses.allSatisfy({ TextRule.address.allows($0) && HostPort($0) != nil }) else {
      throw Self.malformed("addresses are HOST:PORT")
    }
    guard incarnation >= 0, startedMilliseconds >= 0 else { throw Self.malformed("numbers are not negative") }
  }

  private static func malformed(_ reason: String) -> IdentityError { .malformed(what: "member record", reason: reason) }
}

/// A member record whose whole chain of signatures holds.
public struct CheckedMember: Hashable, Sendable {
  /// A node has thousands, in several places, and none changes: all places share one.
  private final class Parts: Sendable {
    let signed: SignedStatement
    let record: MemberRecord
    let certificate: EpochCertificate
    let joinableUntilMilliseconds: Int64?

    init(
      _ signed: SignedStatement, _ record: MemberRecord, _ certificate: EpochCertificate,
      joinableUntilMilliseconds: Int64?
    ) {
      self.signed = signed
      self.record = record
      self.certificate = certificate
      self.joinableUntilMilliseconds = joinableUntilMilliseconds
    }
  }

  private let parts: Parts

  public var signed: SignedStatement { parts.signed }
  public var record: MemberRecord { parts.record }
  public var certificate: EpochCertificate { parts.certificate }
  /// Until when the grant lets somebody in; nil for founders. Says nothing about members.
  public var joinableUntilMilliseconds: Int64? { parts.joinableUntilMilliseconds }

  public var node: NodeID { certificate.node }

  /// Reads and checks a record: limits, certificate, admission and signature.
  ///
  /// - Throws: `IdentityError`.
  public init(_ signed: SignedStatement, genesis: Genesis, network: NetworkID) throws(IdentityError) {
    let record = try signed.statement.body(as: MemberRecord.self, network: network)
    try record.checkLimits()
    let certificate = try EpochCertificate.checked(record.certificate, network: network)
    guard signed.statement.author == certificate.node, signed.statement.epoch == certificate.epoch else {
      throw .mismatch(what: "the member record's author and its certificate")
    }
    guard signed.verifies(with: certificate.signingKey) else { throw .badSignature(of: "the member record") }
    parts = Parts(
      signed, record, certificate,
      joinableUntilMilliseconds: try record.admission.check(
        node: certificate.node, genesis: genesis, network: network))
  }

  /// Reads a record that was checked before (it comes back from this node's own storage, or its check was
  /// just reported): no signature is checked again.
  ///
  /// - Throws: `IdentityError.malformed`, `.otherNetwork`.
  init(trusting signed: SignedStatement, network: NetworkID) throws(IdentityError) {
    let record = try signed.statement.body(as: MemberRecord.self, network: network)
    let certificate = try record.certificate.statement.body(as: EpochCertificate.self, network: network)
    parts = Parts(signed, record, certificate, joinableUntilMilliseconds: nil)
  }

  public static func == (left: CheckedMember, right: CheckedMember) -> Bool { left.signed == right.signed }
  public func hash(into hasher: inout Hasher) { hasher.combine(signed) }

  /// Whether this record replaces `other` of the same node. Of two with one number all must keep the same one, so
  /// the id decides.
  func supersedes(_ other: CheckedMember) -> Bool {
    number == other.number ? signed.id > other.signed.id : number > other.number
  }

  /// The newer of a node's records has the greater one.
  var number: (epoch: Int, incarnation: Int) { (certificate.epoch, record.incarnation) }

  /// Whether this record and `other` of the same node prove that two working keys were certified for one epoch.
  func showsOtherKey(than other: CheckedMember) -> Bool {
    certificate.epoch == other.certificate.epoch && certificate.signingKey != other.certificate.signingKey
  }
}

/// `host:port`, with IPv6 hosts in brackets.
public struct HostPort: Hashable, Sendable, CustomStringConvertible {
  public let host: String
  /// 0 asks the system for any free port.
  public let port: Int

  public init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// - Returns: nil unless the text is `HOST:PORT` or `[IPV6]:PORT`.
  public init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":"), let port = Self.port(text[text.index(after: colon)...]) else {
      return nil
    }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      return nil
    }
    guard !host.isEmpty, !host.contains(where: { "[]".contains($0) }) else { return nil }
    self.host = String(host)
    self.port = Int(port)
  }

  /// In its one spelling.
  private static func port(_ text: Substring) -> UInt16? {
    UInt16(text).flatMap { "\($0)" == text ? $0 : nil }
  }

  public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

  /// Whether the host means all addresses of a machine, such as 0.0.0.0 and ::, at which nobody can be reached.
  public var isWildcard: Bool { host.allSatisfy { "0.:".contains($0) } }
}
