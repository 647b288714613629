internal import Engine
internal import Model
internal import Overlay
internal import Sodium

// How nodes come into the world and start.
extension SimulatedNetwork {
  static func address(_ index: Int) -> String { "host-\(index):7000" }

  /// Adds the founder (first) or a node that it invited.
  ///
  /// - Parameter begins: whether its process starts at once; else `boot` starts it.
  @discardableResult
  package func add(_ plan: NodePlan, begins: Bool = true) throws -> Int {
    let index = nodes.count
    let identity: LocalIdentity
    var seeds: [Invitation.Seed] = []
    if index == 0 {
      identity = try LocalIdentity.founding(
        name: "test", seeds: NodeSeeds(random: &random), createdMilliseconds: now.wallMilliseconds,
        nonce: random.digest(), admission: policy)
    } else if let host = plan.comesBy {
      let keys = NodeSeeds(random: &random)
      seeds = [Invitation.Seed(address: Self.address(host), node: nodes[host].id)]
      identity = try LocalIdentity.joining(
        try nodes[host].identity.welcome(try keys.nodeID(), seeds: seeds), seeds: keys,
        nowMilliseconds: now.wallMilliseconds)
    } else {
      if plan.knowsSeed { seeds = [Invitation.Seed(address: Self.address(0), node: nodes[0].id)] }
      let invitation = try nodes[0].identity.invite(
        seeds: seeds, expiresMilliseconds: now.wallMilliseconds + plan.grantMilliseconds,
        keySeed: random.digest())
      identity = try LocalIdentity.joining(
        invitation, seeds: NodeSeeds(random: &random), nowMilliseconds: now.wallMilliseconds)
    }
    try place(plan, identity, seeds, SimulatedDisk(shelf: facts))
    if begins { try boot(index) }
    return index
  }

  /// A second process with a node's key and what its disk holds now, at another address.
  @discardableResult
  package func clone(_ index: Int) throws -> Int {
    faultCounts.count(.clone)
    let original = nodes[index]
    let copy = nodes.count
    try place(original.plan, original.identity, original.seeds, original.disk.durable)
    nodes[copy].incarnation = original.incarnation
    try boot(copy)
    return copy
  }

  private func place(
    _ plan: NodePlan, _ identity: LocalIdentity, _ seeds: [Invitation.Seed], _ disk: SimulatedDisk
  ) throws {
    let index = nodes.count
    let address = Self.address(index)
    let record = try record(of: identity, plan, address, incarnation: 0, datagramSeed: random.bytes(32))
    nodes.append(
      SimulatedNode(
        plan: plan, identity: identity, address: address, seeds: seeds, disk: disk,
        engine: Self.engine(identity, plan), record: record))
    hostOfAddress[address] = index
    hostsOfNode[identity.node, default: []].append(index)
    streams.hostAdded()
  }

  private static func engine(_ identity: LocalIdentity, _ plan: NodePlan) -> NodeEngine {
    NodeEngine(
      identity: identity, profile: profile(plan), queueCapacity: plan.queueCapacity, overlayLimits: plan.overlayLimits,
      contract: plan.contract)
  }

  private static func profile(_ plan: NodePlan) -> NodeProfile {
    NodeProfile(
      name: plan.name, owner: "owner of \(plan.name)", kind: "edge", offer: plan.offer,
      priceMicroPerCPUSecond: plan.price, policy: plan.policy)
  }

  func record(
    of identity: LocalIdentity, _ plan: NodePlan, _ address: String, incarnation: Int, datagramSeed: [UInt8],
    leaving: Bool = false
  ) throws -> SignedStatement {
    try identity.memberRecord(
      name: plan.name, kind: "edge", addresses: [address],
      datagramKey: try AgreementKey(datagramSeed: datagramSeed), incarnation: incarnation,
      instance: random.digest(), startedMilliseconds: now.wallMilliseconds, leaving: leaving)
  }

  /// Starts a process on what is durable. On a disk that takes no writes it does not come up, and tries again.
  ///
  /// - Parameter isVouchedFor: a person says, truly or not, that the disk is the newest copy of the node's data.
  package func boot(_ index: Int, isVouchedFor: Bool = false) throws {
    guard !writeFails(at: index) else {
      nodes[index].generation += 1
      return startAgain(index)
    }
    let node = nodes[index]
    // The highest that it ever gave out, also while it ran.
    let given = node.disk.document(NodeEngine.incarnationKey).flatMap { Int(String(decoding: $0, as: UTF8.self)) }
    let incarnation = MemberRecord.incarnation(
      above: max(node.incarnation, given ?? 0), wallMilliseconds: moment(at: index).wallMilliseconds)
    let datagramSeed = random.bytes(BoxKeyPair.byteCount)
    let record = try record(
      of: node.identity, node.plan, node.address, incarnation: incarnation, datagramSeed: datagramSeed)
    // As a node does: what it shows of itself must not come a second time, so its number is durable first.
    nodes[index].disk.apply([
      .document(key: NodeEngine.incarnationKey, value: Array(String(incarnation).utf8))
    ])
    let recovered = nodes[index].disk.recovered
    nodes[index].generation += 1
    nodes[index].effects = 0
    nodes[index].incarnation = incarnation
    nodes[index].isUp = true
    nodes[index].isPaused = false
    nodes[index].admitted = Set(
      recovered.facts.lazy.map(\.signed.statement).filter { $0.purpose == MemberRecord.purpose }.map(\.author))
    nodes[index].engine = Self.engine(node.identity, node.plan)
    if watchesOverlays { nodes[index].engine.watchOverlay() }
    nodes[index].record = record
    observations.began(index, uptime: now.uptime)
    let start = EngineStart(
      recovered: recovered, record: record, datagramSeed: datagramSeed, seeds: node.seeds,
      objects: node.objects.keys.sorted(), place: "\(node.rollbacks)", isVouchedFor: isVouchedFor)
    let generation = nodes[index].generation
    give(.start(start), to: index)
    give(.adapters([Self.adapter(node.plan)]), to: index)
    guard nodes[index].generation == generation else { return }
    releaseStalled()
    observations.knows(
      index,
      nodes[index].engine.overlay.members.compactMap { member in host(of: member.id).map { ($0, member.state) } },
      uptime: now.uptime)
  }

  private static func adapter(_ plan: NodePlan) -> AdapterStatus {
    AdapterStatus(
      name: "noop", kind: "noop", usable: true, detail: "simulated", features: [], sandboxed: plan.sandboxed,
      onRequestOnly: plan.runsOnRequestOnly,
      total: Amounts(cpuMillicores: 64_000, memoryBytes: 64 << 30))
  }
}
