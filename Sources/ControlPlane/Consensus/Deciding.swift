internal import Ledger
internal import Model

// Acknowledgements make a prepare certificate, confirmations of it the decision.
extension LedgerReplica {
  func hasVote(in configuration: Digest, _ desk: ReplicaDesk) -> Bool { hasVote(desk.own, in: configuration) }

  func hasVote(_ node: NodeID, in configuration: Digest) -> Bool {
    membership.configuration(configuration)?.hasVote(node) ?? false
  }

  /// Whether an entry that is here stands under this configuration.
  func isInForce(_ configuration: Digest, at number: Int) -> Bool { entry(number)?.configuration == configuration }

  // MARK: The voter's part

  /// Signs for each batch that is durable, in the term in office.
  mutating func acknowledge(_ held: [Durable<SignedProposal>], desk: inout ReplicaDesk) {
    guard waking == nil, !isElecting, !isHalted, hasBase, ballot.silenced != officeTerm else { return }
    for durable in held {
      let proposal = durable.value.proposal
      guard proposal.term == officeTerm, proposal.last > decidedNumber, hash(at: proposal.last) == proposal.head,
        hasVote(in: proposal.configuration, desk)
      else { continue }
      let body = Acknowledgement(
        term: officeTerm, configuration: proposal.configuration, number: proposal.last, head: proposal.head)
      desk.sign(body, .acknowledgement(body), of: collaboration)
    }
  }

  /// Signs that the certificate is durable: it is given up for no lower one.
  mutating func confirm(_ held: Durable<PrepareCertificate>, desk: inout ReplicaDesk) {
    let body = held.value.body
    guard waking == nil, !isElecting, !isHalted, body.term == officeTerm, body.number > decidedNumber,
      hasVote(in: body.configuration, desk)
    else { return }
    let confirmation = Confirmation(
      term: body.term, configuration: body.configuration, number: body.number, head: body.head)
    desk.sign(confirmation, .confirmation(confirmation), of: collaboration)
  }

  /// A prepare certificate becomes this node's lock once its entries are durable here.
  mutating func learn(_ certificate: PrepareCertificate, from node: NodeID, desk: inout ReplicaDesk) {
    if let prepared, certificate.position <= prepared.position {
      // The coordinator may have lost it, and made it anew of other signatures.
      guard certificate.position == prepared.position, node == coordinator else { return }
      if let newest = following.newestConfirmation {
        deliver(.confirmation(newest), to: coordinator, desk: &desk)
      } else if let held = durability.prepared, held.value.position == prepared.position {
        confirm(held, desk: &desk)
      }
      return
    }
    // What is decided needs no lock.
    guard certificate.body.number > decidedNumber else { return }
    guard hash(at: certificate.body.number) == certificate.body.head,
      certificate.body.number <= durability.proposed,
      isInForce(certificate.body.configuration, at: certificate.body.number)
    else {
      guard counting(certificate.body.configuration) != nil else { return }
      if certificate.position > waitingPrepared?.position ?? .start(of: collaboration) { waitingPrepared = certificate }
      let body = certificate.body
      noteLoss(term: body.term, number: body.number, head: body.head, desk: &desk)
      return
    }
    prepared = certificate
    let token = desk.store([.prepared(certificate)], of: collaboration)
    durability.started(token, .prepared(certificate))
  }

  mutating func learn(_ certificate: CommitCertificate, desk: inout ReplicaDesk) {
    let number = certificate.body.number
    guard number > decidedNumber else {
      // Who voted once and does so no more can contradict nothing.
      if hash(at: number) != certificate.body.head, isInForce(certificate.body.configuration, at: number),
        counting(certificate.body.configuration) != nil
      {
        halt(at: number, desk: &desk)
      }
      return
    }
    guard hash(at: number) == certificate.body.head, number <= durability.proposed,
      isInForce(certificate.body.configuration, at: number)
    else {
      guard counting(certificate.body.configuration) != nil else { return }
      if number > waitingDecision?.body.number ?? 0 { waitingDecision = certificate }
      noteLoss(term: certificate.body.term, number: number, head: certificate.body.head, desk: &desk)
      return
    }
    decision = certificate
    election.progresses(isWork: entry(number)?.kind != TermOpened.kind)
    following.progressAt = desk.now.uptime
    let token = desk.store([.decision(certificate)], of: collaboration)
    durability.started(token, .other)
    desk.effects.append(.decided(collaboration, through: number))
    tellWatchers(desk: &desk)
    confirmOffice(desk: &desk)
    if isInOffice(desk) {
      propose(desk: &desk)
      handOver(desk: &desk)
    }
  }

  /// Certificates that came before their entries.
  mutating func takeWaiting(desk: inout ReplicaDesk) {
    if let certificate = waitingPrepared {
      waitingPrepared = nil
      learn(certificate, from: desk.own, desk: &desk)
    }
    if let certificate = waitingDecision {
      waitingDecision = nil
      learn(certificate, desk: &desk)
    }
  }

  // MARK: The coordinator's part

  mutating func count(acknowledgement signed: SignedStatement, desk: inout ReplicaDesk) {
    let node = signed.statement.author
    guard isInOffice(desk) else { return drop(.wrongAuthor, from: node, desk: &desk) }
    let body: Acknowledgement
    do throws(LedgerError) {
      body = try SignedAcknowledgement(signed).acknowledgement
    } catch {
      return drop(.malformed("\(error)"), from: node, desk: &desk)
    }
    guard body.term == officeTerm else {
      return drop(.staleTerm(current: officeTerm, found: body.term), from: node, desk: &desk)
    }
    guard hash(at: body.number) == body.head, body.number <= durability.proposed,
      isInForce(body.configuration, at: body.number),
      proposals.last(where: { $0.proposal.last <= body.number })?.proposal.last == body.number
    else { return drop(.contradiction(number: body.number), from: node, desk: &desk) }
    tenure.followers[node]?.holds(body.number, at: desk.now)
    if node != desk.own { push(to: node, desk: &desk) }
    guard hasVote(node, in: body.configuration), body.number > max(tenure.prepared?.body.number ?? 0, decidedNumber)
    else {
      return
    }
    tenure.acknowledgements[body.number, default: [:]][node] = signed
    guard let certificate = certificate(body, tenure.acknowledgements[body.number] ?? [:]) else { return }
    tenure.acknowledgements = tenure.acknowledgements.filter { $0.key > body.number }
    tenure.prepared = certificate
    broadcast(.prepared(certificate), desk: &desk)
    learn(certificate, from: desk.own, desk: &desk)
  }

  mutating func count(confirmation signed: SignedStatement, desk: inout ReplicaDesk) {
    let node = signed.statement.author
    guard isInOffice(desk) else { return drop(.wrongAuthor, from: node, desk: &desk) }
    guard let body = try? signed.statement.decode(Confirmation.self) else {
      return drop(.malformed("no confirmation"), from: node, desk: &desk)
    }
    guard body.term == officeTerm else {
      return drop(.staleTerm(current: officeTerm, found: body.term), from: node, desk: &desk)
    }
    guard let newest = tenure.prepared ?? prepared, body.number <= newest.body.number,
      hash(at: body.number) == body.head, isInForce(body.configuration, at: body.number),
      proposals.last(where: { $0.proposal.last <= body.number })?.proposal.last == body.number
    else { return drop(.contradiction(number: body.number), from: node, desk: &desk) }
    guard hasVote(node, in: body.configuration), body.number > decidedNumber else { return }
    tenure.confirmations[body.number, default: [:]][node] = signed
    guard let certificate = certificate(body, tenure.confirmations[body.number] ?? [:]) else { return }
    tenure.confirmations = tenure.confirmations.filter { $0.key > body.number }
    broadcast(.decided(certificate), desk: &desk)
    learn(certificate, desk: &desk)
  }

  /// - Returns: nil while those who signed are no quorum.
  func certificate<Body: StatementBody & Configured>(
    _ body: Body, _ statements: [NodeID: SignedStatement]
  ) -> Certificate<Body>? {
    guard let configuration = membership.configuration(body.configuration) else { return nil }
    let statements = statements.filter { configuration.epoch(of: $0.key) == $0.value.statement.epoch }
    guard configuration.isQuorum(Set(statements.keys)) else { return nil }
    let ordered = statements.sorted { $0.key < $1.key }.map(\.value)
    do {
      return try Certificate(body, ordered)
    } catch {
      // Each statement was decoded as this body and its frame was checked before it was counted.
      preconditionFailure("counted statements make no certificate: \(error)")
    }
  }
}
