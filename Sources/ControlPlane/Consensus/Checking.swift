internal import Ledger
internal import Model
internal import Sodium

// What comes in is checked by its form at once, then all its signatures beside the loop, and only then acted upon.
extension LedgerReplica {
  mutating func receive(_ message: ConsensusMessage, from node: NodeID, desk: inout ReplicaDesk) {
    if isWatched(by: node, desk) {
      return observe(message, from: node, desk: &desk)
    }
    guard knows(node) else { return drop(.notMember, from: node, desk: &desk) }
    following.heardAt[node] = desk.now.uptime
    guard !isHalted || message.isQuestion else { return drop(.halted, from: node, desk: &desk) }
    if case .entries(let bytes) = message { return receive(bytes, from: node, desk: &desk) }
    let claims: [Claim]
    do throws(ConsensusDrop) {
      claims = try self.claims(in: message, from: node, desk)
    } catch {
      if error == .wrongConfiguration { askForEntries(of: node, desk: &desk) }
      return drop(error, from: node, desk: &desk)
    }
    guard !claims.isEmpty else { return handle(message, from: node, desk: &desk) }
    guard checks[node, default: 0] < ConsensusLimits.checksPerSender else {
      return drop(.overloaded, from: node, desk: &desk)
    }
    checks[node, default: 0] += 1
    let token = desk.job(.check(message, from: node), of: collaboration)
    desk.effects.append(.verify(claims, token))
  }

  mutating func verified(_ job: ReplicaDesk.Job, _ holds: Bool, desk: inout ReplicaDesk) {
    switch job {
    case .segment(let id): verifiedSegment(id, holds, desk: &desk)
    case .check(let message, let node):
      if let count = checks[node] { checks[node] = count > 1 ? count - 1 : nil }
      guard holds else { return drop(.badSignature, from: node, desk: &desk) }
      guard !isHalted else { return }
      handle(message, from: node, desk: &desk)
    default: preconditionFailure("a signature gave a check")
    }
  }

  private func claims(
    in message: ConsensusMessage, from node: NodeID, _ desk: ReplicaDesk
  ) throws(ConsensusDrop) -> [Claim] {
    switch message {
    case .standing, .request, .credentialsRequest, .entries: []
    case .acknowledgement(let signed): [try claim(signed, Acknowledgement.self, by: node, desk)]
    case .confirmation(let signed): [try claim(signed, Confirmation.self, by: node, desk)]
    case .vote(let signed): [try claim(signed, Vote.self, by: node, desk)]
    case .call(let signed): [try claim(signed, ElectionCall.self, by: nil, desk)]
    case .transfer(let signed): [try claim(signed, ElectionTransfer.self, by: nil, desk)]
    case .prepared(let certificate): certificate == prepared ? [] : try claims(in: certificate, desk)
    case .decided(let certificate): certificate == decision ? [] : try claims(in: certificate, desk)
    case .candidacy(let credentials), .credentials(let credentials): try claims(in: credentials, desk)
    case .preVote(let signed, let credentials):
      try [claim(signed, PreVote.self, by: nil, desk)] + claims(in: credentials, desk)
    }
  }

  /// One statement of a member of this ledger.
  ///
  /// - Parameter author: who alone may have signed it; nil for any member.
  private func claim<Body: StatementBody & Configured>(
    _ signed: SignedStatement, _ type: Body.Type, by author: NodeID?, _ desk: ReplicaDesk
  ) throws(ConsensusDrop) -> Claim {
    let statement = signed.statement
    guard statement.network == desk.network, statement.collaboration == collaboration,
      author == nil || statement.author == author
    else { throw .wrongAuthor }
    let body: Body
    do {
      body = try statement.decode(type)
    } catch {
      throw .malformed("\(error)")
    }
    guard let configuration = counting(body.configuration) else { throw .wrongConfiguration }
    guard body.isBounded else { throw .tooLarge }
    // Voters sign under the epoch that the configuration names, other members under their newest.
    guard let epoch = configuration.epoch(of: statement.author) ?? members.member(statement.author)?.epoch,
      epoch == statement.epoch, let key = membership.key(of: statement.author, epoch: epoch)
    else { throw .wrongEpoch }
    return Claim(signed: signed, key: key)
  }

  /// A configuration in which members still speak: the one at the newest decision, or a later one. What voters say who
  /// were replaced by decided entries counts for nothing any more.
  func counting(_ configuration: Digest) -> Configuration? {
    membership.configuration(configuration, from: decidedNumber)
  }

  /// - Parameter membership: what the chain says with the entries that come before the certificate; nil for the chain
  ///   as it is.
  func claims<Body: StatementBody & Configured>(
    in certificate: Certificate<Body>, knowing membership: Membership? = nil, _ desk: ReplicaDesk
  ) throws(ConsensusDrop) -> [Claim] {
    guard certificate.network == desk.network, certificate.collaboration == collaboration else { throw .wrongAuthor }
    let membership = membership ?? self.membership
    guard let configuration = membership.configuration(certificate.body.configuration) else {
      throw .wrongConfiguration
    }
    if let flaw = certificate.flaw(in: configuration) { throw .flawed(flaw) }
    let statements: [SignedStatement]
    do {
      statements = try certificate.statements()
    } catch {
      throw .malformed("\(error)")
    }
    var claims: [Claim] = []
    for signed in statements {
      guard let key = membership.key(of: signed.statement.author, epoch: signed.statement.epoch) else {
        throw .wrongEpoch
      }
      claims.append(Claim(signed: signed, key: key))
    }
    return claims
  }

  private func claims(in credentials: Credentials, _ desk: ReplicaDesk) throws(ConsensusDrop) -> [Claim] {
    var claims: [Claim] = []
    if let office = credentials.office, office != ballot.office { claims += try self.claims(in: office, desk) }
    if let held = credentials.prepared, held != prepared { claims += try self.claims(in: held, desk) }
    if let decided = credentials.decision, decided != decision { claims += try self.claims(in: decided, desk) }
    if let grounds = credentials.grounds, credentials.promised > ballot.promised {
      claims += try self.claims(in: grounds, for: credentials.promised, desk)
    }
    return claims
  }

  private func claims(
    in grounds: Grounds, for term: Int, _ desk: ReplicaDesk
  ) throws(ConsensusDrop) -> [Claim] {
    switch grounds {
    case .preVotes(let certificate):
      guard certificate.body.term == term else { throw .flawed("pre-votes for another term") }
      guard counting(certificate.body.configuration) != nil else { throw .wrongConfiguration }
      return try claims(in: certificate, desk)
    case .calls(let calls):
      guard (rules.callsNeeded...max(rules.callsNeeded, members.members.count)).contains(calls.count),
        Set(calls.map(\.statement.author)).count == calls.count
      else { throw .flawed("\(calls.count) calls where \(rules.callsNeeded) are asked for") }
      var claims: [Claim] = []
      for signed in calls {
        claims.append(try claim(signed, ElectionCall.self, by: nil, desk))
        guard (try? signed.statement.decode(ElectionCall.self).term) == term else {
          throw .flawed("a call for another term")
        }
      }
      return claims
    case .transfer(let signed):
      let claim = try claim(signed, ElectionTransfer.self, by: nil, desk)
      guard (try? signed.statement.decode(ElectionTransfer.self).term) == term else {
        throw .flawed("a transfer of another term")
      }
      return [claim]
    }
  }

  /// Acts upon a message whose signatures hold.
  mutating func handle(_ message: ConsensusMessage, from node: NodeID, desk: inout ReplicaDesk) {
    switch message {
    case .standing(let standing): stands(standing, node, desk: &desk)
    case .request(let from, let limit): serve(from: from, limit: limit, to: node, desk: &desk)
    case .entries: preconditionFailure("segments have a way of their own")
    case .acknowledgement(let signed): count(acknowledgement: signed, desk: &desk)
    case .confirmation(let signed): count(confirmation: signed, desk: &desk)
    case .prepared(let certificate): learn(certificate, from: node, desk: &desk)
    case .decided(let certificate): learn(certificate, desk: &desk)
    case .preVote(let signed, let credentials):
      learn(credentials, from: node, desk: &desk)
      count(preVote: signed, desk: &desk)
    case .candidacy(let credentials):
      learn(credentials, from: node, desk: &desk)
      stands(credentials, candidate: node, desk: &desk)
    case .vote(let signed): count(vote: signed, desk: &desk)
    case .credentials(let credentials): learn(credentials, from: node, desk: &desk)
    case .credentialsRequest: tellCredentials(to: node, desk: &desk)
    case .call(let signed): called(signed, desk: &desk)
    case .transfer(let signed): transferred(signed, desk: &desk)
    }
  }
}

extension ConsensusMessage {
  /// Whether it only asks.
  var isQuestion: Bool {
    switch self {
    case .request, .credentialsRequest: true
    default: false
    }
  }
}

/// A statement that counts in one configuration of voters only.
protocol Configured {
  var configuration: Digest { get }
  /// Whether its texts are as short as they must be, since they stand on the ledger.
  var isBounded: Bool { get }
}

extension Configured {
  var isBounded: Bool { true }
}

extension Acknowledgement: Configured {}
extension Confirmation: Configured {}
extension PreVote: Configured {}
extension Vote: Configured {}
extension ElectionCall: Configured {
  var isBounded: Bool { person.utf8.count <= Self.textLimit && reason.utf8.count <= Self.textLimit }
}

extension ElectionTransfer: Configured {
  var isBounded: Bool { person.utf8.count <= ElectionCall.textLimit }
}
