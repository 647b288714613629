internal import Engine
public import Model
public import Overlay

/// What is done with a data folder before a node runs in it.
public struct NodeSetup: Sendable {
  public let folder: DataFolder

  public init(_ folder: DataFolder) {
    self.folder = folder
  }

  /// Makes the folder, keys and node.yaml; goes on where a run of it was cut short.
  ///
  /// - Returns: the new node's id.
  /// - Throws: `Refusal`; `.conflict` where a node was set up before. `ManifestErrors` for values out of bounds.
  public func initialise(_ configuration: NodeConfiguration, random: inout Random) throws -> NodeID {
    // What could not be read again must not be written.
    _ = try NodeConfiguration.read(text: configuration.text, fileName: folder.configurationPath)
    try folder.create()
    let lock = try FolderLock(folder)
    defer { withExtendedLifetime(lock) {} }
    // Keys that are there without a configuration are what a run that was cut short left: each is whole.
    let seeds = NodeSeeds(
      root: try KeyFile(.root, in: folder).readOrCreate(random.bytes(32)),
      signing: try KeyFile(.signing, in: folder).readOrCreate(random.bytes(32)),
      datagram: try KeyFile(.datagram, in: folder).readOrCreate(random.bytes(32)),
      cosigning: try KeyFile(.cosigning, in: folder).readOrCreate(random.bytes(32)))
    _ = try KeyFile(.token, in: folder).readOrCreate(random.bytes(32))
    // The configuration comes last: it is what says that a node was set up here.
    try PrivateFile.write(Array(configuration.text.utf8), to: folder.configurationPath, mode: 0o600, exclusive: true)
    return try seeds.nodeID()
  }

  /// Founds a network.
  ///
  /// - Throws: `Refusal`; `.conflict` when the node is in a network already. `IdentityError`.
  public func createNetwork(
    name: String, admission: Genesis.AdmissionPolicy = .init(invitation: true), nowMilliseconds: Int64,
    random: inout Random
  ) throws -> NetworkMembership {
    try requireNoNetwork(wanted: nil)
    let identity = try LocalIdentity.founding(
      name: name, seeds: try seeds(), createdMilliseconds: nowMilliseconds, nonce: random.digest(),
      admission: admission)
    try NetworkFile(membership: identity.membership, seeds: []).create(in: folder)
    return identity.membership
  }

  /// Takes an invitation.
  ///
  /// - Throws: `IdentityError` for one that is altered, expired or for another network than the folder's; `Refusal`.
  public func join(_ text: String, nowMilliseconds: Int64) throws -> NetworkMembership {
    try folder.requireInitialised()
    let invitation = try Invitation(text: text)
    let network = try invitation.check(nowMilliseconds: nowMilliseconds)
    try requireNoNetwork(wanted: network)
    let identity = try LocalIdentity.joining(invitation, seeds: try seeds(), nowMilliseconds: nowMilliseconds)
    try NetworkFile(membership: identity.membership, seeds: invitation.seeds).create(in: folder)
    return identity.membership
  }

  /// Makes invitations, each for one node: whoever has it first may join until it expires.
  ///
  /// - Parameters:
  ///   - count: how many.
  ///   - addresses: HOST:PORT where this node can be reached; where it runs now, if empty.
  /// - Throws: `IdentityError.notAFounder`; `Refusal` when no address is known.
  public func invite(
    _ count: Int = 1, addresses given: [String], expiresMilliseconds: Int64, random: inout Random
  ) throws -> [String] {
    let identity = try identity()
    // Who may not let anybody in need not hear first what else is missing.
    try identity.requireGranting(.invitation)
    let seeds = try seeds(of: identity, at: given)
    return try (0..<count).map { _ in
      try identity.invite(seeds: seeds, expiresMilliseconds: expiresMilliseconds, keySeed: random.digest()).text()
    }
  }

  /// Makes an invitation that one node alone can use, until it expires.
  ///
  /// - Parameter addresses: as for `invite`.
  /// - Throws: `IdentityError.notAFounder`, `.wayClosed`; `Refusal` when no address is known.
  public func allow(_ node: NodeID, addresses given: [String], expiresMilliseconds: Int64) throws -> String {
    let identity = try identity()
    try identity.requireGranting(.allowList)
    return try identity.allow(
      node, seeds: try seeds(of: identity, at: given), expiresMilliseconds: expiresMilliseconds
    ).text()
  }

  /// Says to a node that the network let in by vote how it joins.
  ///
  /// - Parameter addresses: as for `invite`.
  /// - Throws: `IdentityError.wayClosed`; `Refusal` when no address is known.
  public func welcome(_ node: NodeID, addresses given: [String]) throws -> String {
    let identity = try identity()
    return try identity.welcome(node, seeds: try seeds(of: identity, at: given)).text()
  }

  private func seeds(of identity: LocalIdentity, at given: [String]) throws -> [Invitation.Seed] {
    let addresses = try given.isEmpty ? [ownAddress()] : given
    for address in addresses.compactMap({ HostPort($0) }) {
      try Self.requireReachable(address, subject: "--address", option: "--address")
      guard address.port != 0 else {
        throw Refusal(
          .invalid, "nobody can dial \(address): an invitation names the port at which this node listens",
          subject: "--address", next: "--address \(HostPort(host: address.host, port: 7400))")
      }
    }
    return addresses.map { Invitation.Seed(address: $0, node: identity.node) }
  }

  /// This node in its network, with its signing key.
  ///
  /// - Throws: `Refusal`; `IdentityError` when keys and membership do not belong together.
  public func identity() throws -> LocalIdentity {
    try folder.requireInitialised()
    let file = try NetworkFile.read(in: folder)
    let seed = try KeyFile(.signing, in: folder).read()
    do {
      return try LocalIdentity(membership: file.membership, signingSeed: seed)
    } catch IdentityError.mismatch(let what) {
      let key = KeyFile(.signing, in: folder).path
      throw Refusal(
        .conflict, "\(key) and \(folder.networkPath) are of different nodes: \(what) do not belong together",
        subject: folder.networkPath,
        next: "restore both from one copy of this node's folder; without one, "
          + "jointcloud node init --data NEW_FOLDER --name NAME")
    }
  }

  /// The node's id by its root key.
  ///
  /// - Throws: `Refusal`.
  public func nodeID() throws -> NodeID {
    try folder.requireInitialised()
    return try seeds().nodeID()
  }

  private func seeds() throws(Refusal) -> NodeSeeds {
    try folder.requireInitialised()
    return NodeSeeds(
      root: try KeyFile(.root, in: folder).read(), signing: try KeyFile(.signing, in: folder).read(),
      datagram: try KeyFile(.datagram, in: folder).read(), cosigning: try KeyFile(.cosigning, in: folder).read())
  }

  private func requireNoNetwork(wanted: NetworkID?) throws {
    try folder.requireInitialised()
    guard PrivateFile.exists(folder.networkPath) else { return }
    let present = try NetworkFile.read(in: folder).membership.genesis
    let id = try present.networkID()
    if let wanted, wanted != id { throw IdentityError.otherNetwork(expected: id, got: wanted) }
    throw Refusal(
      .conflict,
      "the node in \(folder.given) is in network \(present.name) (\(id.short)) already; "
        + "another network or invitation takes a folder of its own (jointcloud node init)",
      subject: folder.networkPath, next: "jointcloud node run --data \(folder.typed)")
  }

  /// What a node listens on is what it tells others to dial.
  static func requireReachable(_ address: HostPort, subject: String, option: String) throws(Refusal) {
    guard address.isWildcard else { return }
    throw Refusal(
      .invalid, "nobody can dial \(address): others need this machine's own address", subject: subject,
      next: "\(option) ADDRESS:\(address.port), with one of those that `hostname -I` shows")
  }

  private func ownAddress() throws -> String {
    if let endpoint = try? EndpointFile.ofRunning(in: folder) { return endpoint.listenAddress }
    let configured = try NodeConfiguration.read(in: folder).listenAddress
    guard let address = HostPort(configured), address.port != 0 else {
      throw Refusal(
        .invalid, "the invitation must say where this node can be reached, and the node does not run",
        subject: folder.configurationPath,
        next: "jointcloud node run --data \(folder.typed), or give --address HOST:PORT")
    }
    return configured
  }
}
