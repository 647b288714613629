public import Model

/// What a founder hands to a joiner: the genesis, where to knock, the grant and, unless it names the joiner, its secret
/// key. What any member hands to a node that was voted in has no grant: it names the node.
/// As text: `jc1` and base64url of canonical JSON followed by 8 bytes of its checksum.
public struct Invitation: Hashable, Sendable, Codable {
  public static let prefix = "jc1"
  /// The largest invitation, in characters.
  public static let characterLimit = 32 * 1_024
  static let checksumByteCount = 8
  static let seedLimit = 16
  private static let domain = Array("JointCloud invitation v1\n".utf8)

  /// A node to dial first.
  public struct Seed: Hashable, Sendable, Codable {
    /// `host:port`.
    public let address: String
    public let node: NodeID

    public init(address: String, node: NodeID) {
      self.address = address
      self.node = node
    }
  }

  public let genesis: Genesis
  /// nil for a node that was voted in.
  public let grant: SignedStatement?
  /// The seed of the invitation's key: a secret, good for joining until the grant expires. nil where the grant names
  /// the node that it lets in: then nothing of it is secret.
  public let keySeed: Digest?
  /// Whom the network let in by vote; nil where there is a grant.
  public let node: NodeID?
  public let seeds: [Seed]

  public init(genesis: Genesis, seeds: [Seed], grant: SignedStatement?, keySeed: Digest?) {
    self.genesis = genesis
    self.grant = grant
    self.keySeed = keySeed
    node = nil
    self.seeds = seeds
  }

  /// For a node that the network let in by vote: it needs nobody's signature.
  public init(genesis: Genesis, seeds: [Seed], votedIn node: NodeID) {
    self.genesis = genesis
    grant = nil
    keySeed = nil
    self.node = node
    self.seeds = seeds
  }

  /// The text to hand over.
  ///
  /// - Throws: `IdentityError.malformed` when it is too long.
  public func text() throws(IdentityError) -> String {
    let bytes: [UInt8]
    do {
      bytes = try CanonicalJSON.encode(self)
    } catch {
      throw Self.malformed("\(error)")
    }
    let text = Self.prefix + Base64URL.encode(bytes + Self.checksum(bytes))
    guard text.utf8.count <= Self.characterLimit else {
      throw Self.malformed("it has \(text.utf8.count) characters, over the limit of \(Self.characterLimit)")
    }
    return text
  }

  /// Reads an invitation's text; white space around and within it is ignored, since mail programs break lines.
  ///
  /// - Throws: `IdentityError.malformed`, `.altered`.
  public init(text: String) throws(IdentityError) {
    let characters = text.filter { !$0.isWhitespace }
    guard characters.utf8.count <= Self.characterLimit else {
      throw Self.malformed("it has over \(Self.characterLimit) characters")
    }
    guard !characters.isEmpty else { throw Self.malformed("it is empty") }
    guard characters.hasPrefix(Self.prefix) else {
      throw Self.malformed("an invitation begins with \"\(Self.prefix)\"")
    }
    guard let bytes = Self.checked(characters.dropFirst(Self.prefix.count)) else {
      let count = text.split(whereSeparator: \.isWhitespace).count { $0.hasPrefix(Self.prefix) }
      guard count < 2 else {
        throw Self.malformed("these are \(count), a line each, and each node takes one of its own")
      }
      throw .altered
    }
    do {
      self = try CanonicalJSON.decode(Invitation.self, from: bytes, limit: Self.characterLimit)
    } catch {
      throw Self.malformed("\(error)")
    }
    guard seeds.count <= Self.seedLimit, seeds.allSatisfy({ HostPort($0.address) != nil }) else {
      throw Self.malformed("seeds are at most \(Self.seedLimit), each HOST:PORT")
    }
  }

  /// Checks the grant and its time.
  ///
  /// - Parameters:
  ///   - nowMilliseconds: the wall clock, milliseconds since 1970-01-01T00:00:00Z.
  ///   - network: the network that it must be for, where one is already chosen.
  /// - Returns: the network's id.
  /// - Throws: `IdentityError.expired`, `.otherNetwork`, `.badSignature`, `.notAdmitted`.
  @discardableResult
  public func check(nowMilliseconds: Int64, network expected: NetworkID? = nil) throws(IdentityError) -> NetworkID {
    let network = try genesis.networkID()
    if let expected, expected != network { throw .otherNetwork(expected: expected, got: network) }
    guard let grant else {
      guard node != nil, keySeed == nil else { throw Self.malformed("it names neither a grant nor a node") }
      guard genesis.admission.vote else { throw .wayClosed(.vote) }
      return network
    }
    guard node == nil else { throw Self.malformed("it names both a grant and a node") }
    let checked = try Grant.checked(grant, genesis: genesis, network: network)
    guard nowMilliseconds < checked.expiresMilliseconds else {
      throw .expired(what: "the invitation", atMilliseconds: checked.expiresMilliseconds)
    }
    return network
  }

  /// What the characters stand for; nil where the checksum does not fit.
  private static func checked(_ characters: Substring) -> [UInt8]? {
    guard let all = Base64URL.decode(characters), all.count > checksumByteCount else { return nil }
    let bytes = Array(all.dropLast(checksumByteCount))
    return checksum(bytes) == Array(all.suffix(checksumByteCount)) ? bytes : nil
  }

  private static func checksum(_ bytes: [UInt8]) -> [UInt8] {
    Array(Digest(of: domain + bytes).bytes.prefix(checksumByteCount))
  }

  private static func malformed(_ reason: String) -> IdentityError {
    .malformed(what: "the invitation", reason: reason)
  }
}
