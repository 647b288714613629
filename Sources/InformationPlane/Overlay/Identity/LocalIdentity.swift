public import Model
public import Sodium

/// The seeds of a node's secret keys, 32 bytes each. They stand in files of mode 0600 and nowhere else.
public struct NodeSeeds: Sendable {
  public var root: [UInt8]
  public var signing: [UInt8]
  public var datagram: [UInt8]
  public var cosigning: [UInt8]

  public init(root: [UInt8], signing: [UInt8], datagram: [UInt8], cosigning: [UInt8]) {
    self.root = root
    self.signing = signing
    self.datagram = datagram
    self.cosigning = cosigning
  }

  public init(random: inout Random) {
    root = random.bytes(SigningKey.seedByteCount)
    signing = random.bytes(SigningKey.seedByteCount)
    datagram = random.bytes(SigningKey.seedByteCount)
    cosigning = random.bytes(SigningKey.seedByteCount)
  }

  /// The id that these seeds' root key gives.
  ///
  /// - Throws: `SodiumError.wrongLength`.
  public func nodeID() throws(SodiumError) -> NodeID {
    NodeID(rootKey: try SigningKey(seed: root).verificationKey)
  }
}

/// The public part of a node's place in a network: what is kept beside the keys.
public struct NetworkMembership: Hashable, Sendable, Codable {
  public let admission: Admission
  public let certificate: SignedStatement
  public let genesis: Genesis

  public init(genesis: Genesis, certificate: SignedStatement, admission: Admission) {
    self.admission = admission
    self.certificate = certificate
    self.genesis = genesis
  }
}

/// Who this node is in its network, with the key it signs by.
public struct LocalIdentity: Sendable {
  public let membership: NetworkMembership
  public let network: NetworkID
  public let node: NodeID
  public let epoch: Int
  public let rootKey: VerificationKey
  public let signingKey: SigningKey

  public var genesis: Genesis { membership.genesis }
  public var certificate: SignedStatement { membership.certificate }
  public var admission: Admission { membership.admission }

  /// Until when others let this node in who do not know it yet; nil for a founder, who always may.
  public let joinableUntilMilliseconds: Int64?

  /// Takes up a membership again with the working key's seed. Everything is checked.
  ///
  /// - Throws: `IdentityError`; `.mismatch` for a key of another node or epoch.
  public init(membership: NetworkMembership, signingSeed: [UInt8]) throws(IdentityError) {
    let network = try membership.genesis.networkID()
    let certificate = try EpochCertificate.checked(membership.certificate, network: network)
    let key = try Self.key(signingSeed, what: "the signing key")
    guard key.verificationKey == certificate.signingKey else {
      throw .mismatch(what: "the signing key and the epoch certificate")
    }
    joinableUntilMilliseconds = try membership.admission.check(
      node: certificate.node, genesis: membership.genesis, network: network)
    self.membership = membership
    self.network = network
    node = certificate.node
    epoch = certificate.epoch
    rootKey = certificate.rootKey
    signingKey = key
  }

  /// Founds a network with this node as its only founder.
  ///
  /// - Throws: `IdentityError`.
  public static func founding(
    name: String, seeds: NodeSeeds, createdMilliseconds: Int64, nonce: Digest,
    admission: Genesis.AdmissionPolicy = Genesis.AdmissionPolicy(invitation: true), epoch: Int = 1
  ) throws(IdentityError) -> LocalIdentity {
    let root = try key(seeds.root, what: "the root key")
    let genesis = Genesis(
      name: name, founders: [root.verificationKey], createdMilliseconds: createdMilliseconds, nonce: nonce,
      admission: admission)
    let network = try genesis.networkID()
    let membership = NetworkMembership(
      genesis: genesis, certificate: try certify(seeds, epoch: epoch, network: network), admission: .founder)
    return try LocalIdentity(membership: membership, signingSeed: seeds.signing)
  }

  /// Takes an invitation.
  ///
  /// - Throws: `IdentityError`; `.expired` when the grant's time is over, `.grantedToAnother` for one that names
  ///   another node.
  public static func joining(
    _ invitation: Invitation, seeds: NodeSeeds, nowMilliseconds: Int64, epoch: Int = 1
  ) throws(IdentityError) -> LocalIdentity {
    let network = try invitation.check(nowMilliseconds: nowMilliseconds)
    let root = try key(seeds.root, what: "the root key")
    let node = NodeID(rootKey: root.verificationKey)
    if let named = invitation.node, named != node { throw .grantedToAnother(granted: named, node: node) }
    let admission: Admission =
      if let seed = invitation.keySeed, let grant = invitation.grant {
        .invitation(
          grant: grant, key: try key(seed.bytes, what: "the invitation's key"), node: node, network: network)
      } else if let grant = invitation.grant {
        .allowed(grant: grant)
      } else {
        .voted
      }
    let membership = NetworkMembership(
      genesis: invitation.genesis, certificate: try certify(seeds, epoch: epoch, network: network),
      admission: admission)
    return try LocalIdentity(membership: membership, signingSeed: seeds.signing)
  }

  /// Certifies working keys by the root key.
  private static func certify(
    _ seeds: NodeSeeds, epoch: Int, network: NetworkID
  ) throws(IdentityError) -> SignedStatement {
    let root = try key(seeds.root, what: "the root key")
    guard let exchange = try? KeyExchange(seed: seeds.datagram),
      let datagramKey = AgreementKey(bytes: exchange.publicKey)
    else { throw .malformed(what: "the datagram key", reason: "its seed must have 32 bytes") }
    let body = EpochCertificate(
      epoch: epoch, rootKey: root.verificationKey,
      signingKey: try key(seeds.signing, what: "the signing key").verificationKey, datagramKey: datagramKey,
      cosigningKey: try key(seeds.cosigning, what: "the cosigning key").verificationKey)
    return try signed(body, by: body.node, epoch: 0, network: network, key: root)
  }

  /// Signs a body in this node's name.
  ///
  /// - Throws: `IdentityError.malformed` for a body that canonical JSON cannot hold or that is too large.
  public func sign<Body: StatementBody>(
    _ body: Body, collaboration: CollaborationID? = nil
  ) throws(IdentityError) -> SignedStatement {
    try Self.signed(body, by: node, epoch: epoch, network: network, collaboration: collaboration, key: signingKey)
  }

  /// This node's record for the others. `incarnation` must be higher than in any record it signed before.
  ///
  /// - Throws: `IdentityError.malformed` naming the field that is outside its limits.
  public func memberRecord(
    name: String, kind: String, addresses: [String], datagramKey: AgreementKey, incarnation: Int, instance: Digest,
    startedMilliseconds: Int64, leaving: Bool = false
  ) throws(IdentityError) -> SignedStatement {
    let record = MemberRecord(
      name: name, kind: kind, addresses: addresses, certificate: certificate, admission: admission,
      datagramKey: datagramKey, incarnation: incarnation, instance: instance,
      startedMilliseconds: startedMilliseconds, leaving: leaving)
    try record.checkLimits()
    return try sign(record)
  }

  /// Invites whoever gets the returned text: its secret lets one node join until the grant expires.
  ///
  /// - Parameter keySeed: 32 fresh random bytes.
  /// - Throws: `IdentityError.notAFounder`, `.wayClosed`, `.malformed`.
  public func invite(
    seeds: [Invitation.Seed], expiresMilliseconds: Int64, keySeed: Digest
  ) throws(IdentityError) -> Invitation {
    let key = try Self.key(keySeed.bytes, what: "the invitation's key")
    let grant = try grant(to: .invitationKey(key.verificationKey), expiresMilliseconds: expiresMilliseconds)
    return Invitation(genesis: genesis, seeds: seeds, grant: grant, keySeed: keySeed)
  }

  /// Lets one node in, by its id; nobody else can use what is returned, so nothing of it is secret.
  ///
  /// - Throws: `IdentityError.notAFounder`, `.wayClosed`, `.malformed`.
  public func allow(
    _ node: NodeID, seeds: [Invitation.Seed], expiresMilliseconds: Int64
  ) throws(IdentityError) -> Invitation {
    let grant = try grant(to: .node(node), expiresMilliseconds: expiresMilliseconds)
    return Invitation(genesis: genesis, seeds: seeds, grant: grant, keySeed: nil)
  }

  /// Says to a node that the network let in by vote how it joins. Any member may: others let it in by the decision alone.
  ///
  /// - Throws: `IdentityError.wayClosed`.
  public func welcome(_ node: NodeID, seeds: [Invitation.Seed]) throws(IdentityError) -> Invitation {
    guard genesis.admission.vote else { throw .wayClosed(.vote) }
    return Invitation(genesis: genesis, seeds: seeds, votedIn: node)
  }

  /// - Throws: `IdentityError.notAFounder`, `.wayClosed`: why this node may let nobody in by this way.
  public func requireGranting(_ way: AdmissionWay) throws(IdentityError) {
    guard genesis.founded(by: node) else { throw .notAFounder(node) }
    guard genesis.admission.allows(way) else { throw .wayClosed(way) }
  }

  private func grant(to holder: Grant.Holder, expiresMilliseconds: Int64) throws(IdentityError) -> SignedStatement {
    try requireGranting(holder.way)
    return try sign(Grant(holder, expiresMilliseconds: expiresMilliseconds, certificate: certificate))
  }

  private static func key(_ seed: [UInt8], what: String) throws(IdentityError) -> SigningKey {
    do {
      return try SigningKey(seed: seed)
    } catch {
      throw .malformed(what: what, reason: "\(error)")
    }
  }

  private static func signed<Body: StatementBody>(
    _ body: Body, by node: NodeID, epoch: Int, network: NetworkID, collaboration: CollaborationID? = nil,
    key: SigningKey
  ) throws(IdentityError) -> SignedStatement {
    do {
      let statement = try Statement(body, by: node, epoch: epoch, network: network, collaboration: collaboration)
      return SignedStatement(statement, signature: key.sign(statement.signedBytes))
    } catch {
      throw .malformed(what: "statement of purpose \(Body.purpose)", reason: "\(error)")
    }
  }
}
