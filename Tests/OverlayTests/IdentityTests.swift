import Model
import Overlay
import Sodium
import Testing

@Suite struct IdentityTests {
  static let now: Int64 = 1_800_000_000_000
  var random = Random.seeded(7)

  private mutating func founder() throws -> LocalIdentity {
    try LocalIdentity.founding(
      name: "north", seeds: NodeSeeds(random: &random), createdMilliseconds: Self.now, nonce: random.digest())
  }

  private mutating func invitation(_ founder: LocalIdentity, lasting: Int64 = 1_000) throws -> Invitation {
    try founder.invite(
      seeds: [Invitation.Seed(address: "127.0.0.1:7001", node: founder.node)],
      expiresMilliseconds: Self.now + lasting, keySeed: random.digest())
  }

  private mutating func record(_ identity: LocalIdentity, name: String = "n") throws -> SignedStatement {
    try identity.memberRecord(
      name: name, kind: "edge", addresses: ["[::1]:7000"],
      datagramKey: try AgreementKey(datagramSeed: random.bytes(32)), incarnation: 1, instance: random.digest(),
      startedMilliseconds: Self.now)
  }

  @Test mutating func anInvitationsTextBringsAJoinerInWhomEverybodyCanCheck() throws {
    let founder = try founder()
    let text = try invitation(founder).text()
    let broken = text.enumerated().map { $0 % 60 == 59 ? "\($1)\n" : "\($1)" }.joined()
    let read = try Invitation(text: "  \(broken)\n")
    let joiner = try LocalIdentity.joining(read, seeds: NodeSeeds(random: &random), nowMilliseconds: Self.now)
    #expect(joiner.network == founder.network)
    let checked = try CheckedMember(try record(joiner), genesis: founder.genesis, network: founder.network)
    #expect(checked.node == joiner.node)
    #expect(checked.joinableUntilMilliseconds == Self.now + 1_000)
  }

  @Test func anExpiryIsToldAsADateInUTC() {
    for (milliseconds, text) in [
      (0, "1970-01-01 00:00:00 UTC"), (951_782_399_999, "2000-02-28 23:59:59 UTC"),
      (951_868_799_000, "2000-02-29 23:59:59 UTC"), (951_868_800_000, "2000-03-01 00:00:00 UTC"),
      (1_795_238_665_969, "2026-11-21 05:24:25 UTC"), (4_107_542_400_000, "2100-03-01 00:00:00 UTC"),
      (-1, "-1 ms after 1970-01-01 00:00:00 UTC"),
    ] as [(Int64, String)] {
      #expect(CalendarTime.text(milliseconds) == text)
    }
    #expect("\(IdentityError.expired(what: "it", atMilliseconds: 0))" == "it expired at 1970-01-01 00:00:00 UTC")
  }

  @Test mutating func anyChangeOfAnInvitationsTextIsFound() throws {
    let text = Array(try invitation(try founder()).text().utf8)
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = Random.seeded(seed)
    for _ in 0..<400 {
      var changed = text
      let index = Int.random(in: 0..<changed.count, using: &random)
      changed[index] = Array("ABCxyz019-_".utf8).randomElement(using: &random) ?? 0
      guard changed != text else { continue }
      #expect(throws: IdentityError.self, "seed \(seed)") {
        _ = try Invitation(text: String(decoding: changed, as: UTF8.self))
      }
    }
    #expect(throws: IdentityError.altered) {
      _ = try Invitation(text: String(decoding: text.dropLast(9), as: UTF8.self))
    }
  }

  @Test mutating func anExpiredInvitationAndOneOfAnotherNetworkAreNamed() throws {
    let founder = try founder()
    let invitation = try invitation(founder)
    #expect(throws: IdentityError.expired(what: "the invitation", atMilliseconds: Self.now + 1_000)) {
      try invitation.check(nowMilliseconds: Self.now + 1_000)
    }
    let other = NetworkID(random.digest())
    #expect(throws: IdentityError.otherNetwork(expected: other, got: founder.network)) {
      try invitation.check(nowMilliseconds: Self.now, network: other)
    }
  }

  @Test mutating func onlyAFoundersGrantAdmits() throws {
    let founder = try founder()
    let joiner = try LocalIdentity.joining(
      try invitation(founder), seeds: NodeSeeds(random: &random), nowMilliseconds: Self.now)
    #expect(throws: IdentityError.notAFounder(joiner.node)) {
      _ = try joiner.invite(seeds: [], expiresMilliseconds: Self.now + 1, keySeed: Digest.zero)
    }
    // A member that is no founder writes a grant all the same.
    let key = try SigningKey(seed: random.bytes(32))
    let grant = try joiner.sign(
      Grant(
        .invitationKey(key.verificationKey), expiresMilliseconds: Self.now + 1_000,
        certificate: joiner.certificate))
    let forged = Invitation(genesis: founder.genesis, seeds: [], grant: grant, keySeed: random.digest())
    #expect(throws: IdentityError.self) { try forged.check(nowMilliseconds: Self.now) }
  }

  @Test mutating func aGrantCopiedFromARecordAdmitsNobodyElse() throws {
    let founder = try founder()
    let joiner = try LocalIdentity.joining(
      try invitation(founder), seeds: NodeSeeds(random: &random), nowMilliseconds: Self.now)
    let thief = try LocalIdentity.joining(
      try invitation(founder), seeds: NodeSeeds(random: &random), nowMilliseconds: Self.now)
    let stolen = NetworkMembership(
      genesis: founder.genesis, certificate: thief.certificate, admission: joiner.admission)
    #expect(throws: IdentityError.badSignature(of: "the invitation's key over the node's id")) {
      _ = try LocalIdentity(membership: stolen, signingSeed: thief.signingKey.seed)
    }
  }

  private mutating func founder(_ policy: Genesis.AdmissionPolicy) throws -> LocalIdentity {
    try LocalIdentity.founding(
      name: "listed", seeds: NodeSeeds(random: &random), createdMilliseconds: Self.now, nonce: random.digest(),
      admission: policy)
  }

  @Test mutating func aGrantThatNamesANodeLetsInThatNodeAndHoldsNoSecret() throws {
    let founder = try founder(.init(invitation: false, allowList: true))
    let (seeds, others) = (NodeSeeds(random: &random), NodeSeeds(random: &random))
    let invitation = try founder.allow(try seeds.nodeID(), seeds: [], expiresMilliseconds: Self.now + 1_000)
    #expect(invitation.keySeed == nil)
    let read = try Invitation(text: try invitation.text())
    let joiner = try LocalIdentity.joining(read, seeds: seeds, nowMilliseconds: Self.now)
    let checked = try CheckedMember(try record(joiner), genesis: founder.genesis, network: founder.network)
    #expect(checked.joinableUntilMilliseconds == Self.now + 1_000)
    let refusal = IdentityError.grantedToAnother(granted: joiner.node, node: try others.nodeID())
    #expect(throws: refusal) { try LocalIdentity.joining(read, seeds: others, nowMilliseconds: Self.now) }
    // Nor does it help to claim it in a record of one's own.
    let thief = try LocalIdentity.joining(
      try founder.allow(try others.nodeID(), seeds: [], expiresMilliseconds: Self.now + 1_000), seeds: others,
      nowMilliseconds: Self.now)
    let stolen = NetworkMembership(
      genesis: founder.genesis, certificate: thief.certificate, admission: joiner.admission)
    #expect(throws: refusal) { try LocalIdentity(membership: stolen, signingSeed: thief.signingKey.seed) }
    #expect(throws: IdentityError.expired(what: "the invitation", atMilliseconds: Self.now + 1_000)) {
      try LocalIdentity.joining(read, seeds: seeds, nowMilliseconds: Self.now + 1_000)
    }
  }

  @Test mutating func whatThePolicyLeavesOutLetsNobodyInWhoeverSigns() throws {
    let listed = try founder(.init(invitation: false, allowList: true))
    #expect(throws: IdentityError.wayClosed(.invitation)) { _ = try invitation(listed) }
    let inviting = try founder(.init(invitation: true))
    #expect(throws: IdentityError.wayClosed(.allowList)) {
      try inviting.allow(listed.node, seeds: [], expiresMilliseconds: Self.now + 1_000)
    }
    // A founder that goes past its own program is refused by everybody else.
    let key = try SigningKey(seed: random.bytes(32))
    for (founder, holder, way) in [
      (listed, Grant.Holder.invitationKey(key.verificationKey), AdmissionWay.invitation),
      (inviting, .node(listed.node), .allowList),
    ] {
      let grant = try founder.sign(
        Grant(holder, expiresMilliseconds: Self.now + 1_000, certificate: founder.certificate))
      #expect(throws: IdentityError.wayClosed(way)) {
        try Grant.checked(grant, genesis: founder.genesis, network: founder.network)
      }
    }
  }

  @Test mutating func aGrantForANodeIsNoInvitationAndAnInvitationNoGrantForANode() throws {
    let founder = try founder(.init(invitation: true, allowList: true))
    let seeds = NodeSeeds(random: &random)
    let named = try founder.allow(try seeds.nodeID(), seeds: [], expiresMilliseconds: Self.now + 1_000)
    let open = try invitation(founder)
    for (grant, seed) in [(named.grant, open.keySeed), (open.grant, nil)] {
      let mixed = Invitation(genesis: founder.genesis, seeds: [], grant: grant, keySeed: seed)
      #expect(throws: IdentityError.self) {
        try LocalIdentity.joining(mixed, seeds: seeds, nowMilliseconds: Self.now)
      }
    }
  }

  @Test func aPolicyAndAGrantHaveOneFormEach() throws {
    for (policy, text) in [
      (Genesis.AdmissionPolicy(invitation: true), #"{"invitation":true}"#),
      (.init(invitation: false, allowList: true), #"{"allowList":true,"invitation":false}"#),
    ] {
      #expect(String(decoding: try CanonicalJSON.encode(policy), as: UTF8.self) == text)
      #expect(try CanonicalJSON.decode(Genesis.AdmissionPolicy.self, from: Array(text.utf8), limit: 100) == policy)
    }
    for text in [#"{"allowList":false,"invitation":true}"#, #"{"allowList":true}"#] {
      #expect(throws: (any Error).self, "\(text)") {
        try CanonicalJSON.decode(Genesis.AdmissionPolicy.self, from: Array(text.utf8), limit: 100)
      }
    }
  }

  @Test mutating func aClaimToBeAFounderNeedsAFoundersKey() throws {
    let founder = try founder()
    let joiner = try LocalIdentity.joining(
      try invitation(founder), seeds: NodeSeeds(random: &random), nowMilliseconds: Self.now)
    let claim = NetworkMembership(genesis: founder.genesis, certificate: joiner.certificate, admission: .founder)
    #expect(throws: IdentityError.self) {
      _ = try LocalIdentity(membership: claim, signingSeed: joiner.signingKey.seed)
    }
  }

  @Test mutating func aMembershipIsTakenUpAgainOnlyWithItsOwnKey() throws {
    let founder = try founder()
    let again = try LocalIdentity(membership: founder.membership, signingSeed: founder.signingKey.seed)
    #expect(again.node == founder.node)
    #expect(throws: IdentityError.mismatch(what: "the signing key and the epoch certificate")) {
      _ = try LocalIdentity(membership: founder.membership, signingSeed: [UInt8](repeating: 3, count: 32))
    }
    let bytes = try CanonicalJSON.encode(founder.membership)
    #expect(try CanonicalJSON.decode(NetworkMembership.self, from: bytes, limit: 100_000) == founder.membership)
  }

  @Test(arguments: ["", "a\u{202e}b", "line\nbreak", String(repeating: "x", count: 65)])
  mutating func namesThatWouldMisleadAreRefused(name: String) throws {
    let founder = try founder()
    #expect(throws: IdentityError.self) { _ = try record(founder, name: name) }
  }

  @Test(arguments: ["host", ":1", "::1:7000", "host:70000", "host:-1", "[::1]", "[[]]:32"])
  func addressesAreHostAndPort(text: String) {
    #expect(HostPort(text) == nil)
  }

  @Test func bracketsMarkIPv6Hosts() {
    #expect(HostPort("[::1]:70") == HostPort(host: "::1", port: 70))
    #expect(HostPort(host: "::1", port: 70).description == "[::1]:70")
    #expect(HostPort("a.example:0")?.port == 0)
  }
}
