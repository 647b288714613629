internal import Ledger
internal import Model
internal import Sodium

/// What the coordinator knows about one member.
struct Follower: Sendable {
  /// The member signed that it holds everything up to here.
  var acknowledged: Int
  /// Sent up to here; never below `acknowledged`.
  private(set) var sent: Int
  /// The last entry of each message that is not acknowledged yet.
  private var unanswered: [Int] = []
  /// The member has told its head on the current link.
  private(set) var isReady = false
  /// It was told of that the member holds something else or less, since its link opened.
  var hasDiverged = false
  /// The head that the member told last; unsigned, so it is a hint from where to go on.
  private var told = 0
  /// When the member last asked for what was sent already and got it, and whether it has asked again since.
  private var resumedAt: Moment?
  private(set) var wantsResuming = false
  var progressAt: Moment?
  var isVerifying = false
  /// The newest acknowledgement that waits for the check of an older one.
  var waiting: SignedAcknowledgement?

  init(acknowledged: Int = 0) {
    self.acknowledged = acknowledged
    sent = acknowledged
  }

  var hasRoom: Bool {
    sent - acknowledged < ReplicationLimits.entriesInFlight && unanswered.count < ReplicationLimits.messagesInFlight
  }

  /// A message up to `last` left.
  mutating func sends(through last: Int, at moment: Moment) {
    if unanswered.isEmpty { progressAt = moment }
    sent = last
    unanswered.append(last)
  }

  mutating func acknowledges(_ number: Int, at moment: Moment) {
    acknowledged = number
    sent = max(sent, number)
    unanswered.removeAll { $0 <= number }
    progressAt = moment
  }

  /// What was sent after `number` is taken for lost.
  private mutating func goBack(to number: Int) {
    sent = number
    unanswered = []
  }

  /// A new ledger is empty everywhere, so nobody needs to tell a head.
  mutating func isNew() { isReady = true }

  mutating func linkOpened() {
    isReady = false
    hasDiverged = false
    wantsResuming = false
  }

  mutating func linkClosed() { isReady = false }

  /// The member told where it stands.
  mutating func tells(_ number: Int) {
    told = number
    acknowledged = min(acknowledged, number)
  }

  /// Goes on from where the member stands: at once, but with what was sent already only once in a while, since to ask
  /// for it costs little and to send it much.
  mutating func resume(at moment: Moment) {
    let held = max(acknowledged, told)
    if sent > held {
      if let resumedAt, moment.uptime - resumedAt.uptime < ReplicationLimits.resumeInterval {
        wantsResuming = true
        return
      }
      resumedAt = moment
    }
    wantsResuming = false
    isReady = true
    goBack(to: held)
    progressAt = nil
  }

  mutating func resendIfStalled(at moment: Moment) {
    guard sent > acknowledged, let since = progressAt, moment.uptime - since.uptime >= ReplicationLimits.resendAfter
    else { return }
    goBack(to: acknowledged)
    progressAt = moment
  }
}

/// The coordinator's part: append, sign in batches, send, collect acknowledgements.
extension Replica {
  mutating func append(kind: String, body: JSON, at moment: Moment, desk: inout Desk) throws(AppendError) -> Entry {
    guard isCoordinator(desk) else { throw .notCoordinator(coordinator: set.coordinator) }
    let entry: Entry
    do {
      entry = try chain.extend(
        kind: kind, body: body, term: set.term, timeMilliseconds: moment.wallMilliseconds,
        configuration: set.configuration)
    } catch {
      throw .entry(error)
    }
    entries.append(entry)
    let token = desk.store([.entry(entry)], of: set.collaboration)
    durability.started(token, .entries(through: entry.number))
    propose(desk: &desk)
    return entry
  }

  /// Signs what waits as one batch. One signature is on its way at a time, so that what comes meanwhile batches by itself.
  mutating func propose(desk: inout Desk) {
    guard isCoordinator(desk), !isSigningProposal, proposed < chain.number,
      durability.proposalsPending < ReplicationLimits.proposalsInFlight, let first = entry(proposed + 1)
    else { return }
    var last = first
    var byteCount = first.bytes.count
    while let next = entry(last.number + 1), next.number - first.number < Proposal.countLimit,
      byteCount + next.bytes.count <= ReplicationLimits.batchByteCount, next.configuration == first.configuration,
      next.term == first.term
    {
      byteCount += next.bytes.count
      last = next
    }
    let proposal = Proposal(
      term: first.term, configuration: first.configuration, first: first.number, last: last.number, head: last.hash)
    isSigningProposal = true
    let token = desk.job(.signProposal(set.collaboration, proposal))
    desk.effects.append(.sign(desk.statement(proposal, in: set.collaboration), token))
  }

  mutating func signed(_ proposal: Proposal, _ signature: Signature, desk: inout Desk) {
    isSigningProposal = false
    let statement = desk.statement(proposal, in: set.collaboration)
    guard proposal.first == proposed + 1,
      let made = try? SignedProposal(SignedStatement(statement, signature: signature))
    else { preconditionFailure("proposal \(proposal.first) to \(proposal.last) was signed out of order") }
    proposals.append(made)
    let token = desk.store([.proposal(made)], of: set.collaboration)
    durability.started(token, .proposal(through: proposal.last))
    propose(desk: &desk)
  }

  /// Sends on to a member, as far as its window allows.
  mutating func push(to node: NodeID, at moment: Moment, desk: inout Desk) {
    guard isCoordinator(desk), desk.linked.contains(node), var follower = followers[node], follower.isReady
    else { return }
    while follower.sent < durability.proposed.number, follower.hasRoom,
      let (message, last) = message(
        from: follower.sent + 1, limit: ReplicationLimits.messageEntryCount, through: durability.proposed)
    {
      desk.send(message, to: node)
      follower.sends(through: last, at: moment)
    }
    followers[node] = follower
  }

  /// A member told where it stands: go on from there.
  mutating func resume(_ node: NodeID, from number: Int, _ hash: Digest, at moment: Moment, desk: inout Desk) {
    guard number <= durability.proposed.number, hash == (entry(number)?.hash ?? set.collaboration.digest) else {
      return diverges(node, at: number, desk: &desk)
    }
    var follower = followers[node] ?? Follower()
    if number < follower.acknowledged, !follower.hasDiverged {
      follower.hasDiverged = true
      desk.effects.append(
        .memberLostState(set.collaboration, member: node, acknowledged: follower.acknowledged, found: number))
    }
    follower.tells(number)
    follower.resume(at: moment)
    followers[node] = follower
    push(to: node, at: moment, desk: &desk)
  }

  /// A member holds something else: told once on each of its links, whatever it repeats.
  private mutating func diverges(_ node: NodeID, at number: Int, desk: inout Desk) {
    guard followers[node]?.hasDiverged != true else { return }
    followers[node, default: Follower()].hasDiverged = true
    desk.effects.append(.diverged(set.collaboration, number: number, member: node))
  }

  mutating func receive(_ signed: SignedStatement, from node: NodeID, desk: inout Desk) {
    guard isCoordinator(desk) else { return desk.drop(.unexpectedAcknowledgement, from: node) }
    let known: SignedAcknowledgement
    do {
      known = try SignedAcknowledgement(signed)
    } catch {
      return desk.drop(.malformed("\(error)"), from: node)
    }
    let body = known.acknowledgement
    guard let member = set.member(known.author), known.author == node, signed.statement.network == desk.network
    else { return desk.drop(.wrongAuthor, from: node) }
    guard signed.statement.epoch == member.epoch else { return desk.drop(.wrongEpoch, from: node) }
    guard body.term == set.term else { return desk.drop(.wrongTerm(expected: set.term, found: body.term), from: node) }
    guard body.configuration == set.configuration else { return desk.drop(.wrongConfiguration, from: node) }
    guard body.number <= durability.proposed.number, entry(body.number)?.hash == body.head else {
      diverges(known.author, at: body.number, desk: &desk)
      return desk.drop(.unexpectedAcknowledgement, from: node)
    }
    var follower = followers[known.author] ?? Follower()
    guard body.number > follower.acknowledged else { return desk.drop(.duplicate, from: node) }
    if follower.isVerifying {
      if body.number > follower.waiting?.acknowledgement.number ?? 0 { follower.waiting = known }
    } else {
      follower.isVerifying = true
      verify(known, member, desk: &desk)
    }
    followers[known.author] = follower
  }

  mutating func verified(_ known: SignedAcknowledgement, _ holds: Bool, at moment: Moment, desk: inout Desk) {
    guard var follower = followers[known.author] else { return }
    follower.isVerifying = false
    let number = known.acknowledgement.number
    if !holds {
      desk.drop(.badSignature, from: known.author)
    } else if number > follower.acknowledged {
      follower.acknowledges(number, at: moment)
      let token = desk.store([.acknowledgement(known)], of: set.collaboration)
      durability.started(token, .acknowledgement)
      desk.effects.append(.held(set.collaboration, number: number, by: known.author))
    }
    if let next = follower.waiting, let member = set.member(next.author) {
      follower.waiting = nil
      if next.acknowledgement.number > follower.acknowledged {
        follower.isVerifying = true
        verify(next, member, desk: &desk)
      }
    }
    followers[known.author] = follower
    push(to: known.author, at: moment, desk: &desk)
  }

  private func verify(_ known: SignedAcknowledgement, _ member: ReplicaSet.Member, desk: inout Desk) {
    let token = desk.job(.verifyAcknowledgement(set.collaboration, known))
    desk.effects.append(.verify(known.signed, member.signingKey, token))
  }
}
