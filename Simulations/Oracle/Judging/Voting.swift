/// Certificates and ballots on a disk.
extension Case {
  mutating func keep(
    _ certificate: Certificate, _ purpose: String, on disk: inout Disk, of node: Digest, _ docket: inout Docket
  ) {
    let (term, number) = (certificate.body.pledge.term, certificate.body.pledge.number)
    let fault = certificate.purpose == purpose ? fault(of: certificate, &docket) : "purpose \(certificate.purpose)"
    if let fault {
      return note(
        .certificate, node, term: term, number: number, &docket,
        expected: "a certificate of \(purpose) that holds", found: fault)
    }
    checkNamed(certificate.body, of: node, &docket)
    switch certificate.body.pledge {
    case .ack(let position):
      if disk.prepared[position.spot] == nil {
        disk.prepared[position.spot] = Disk.Prepared(head: position.head, promise: disk.promised)
      }
      disk.raiseLock(to: position)
    case .confirm(let position):
      disk.decisions.append(
        Disk.Decision(position: position, configuration: certificate.body.configuration))
    case .vote(let candidate, let position, let term):
      if term < disk.promised {
        note(
          .promiseFell, node, term: term, &docket, expected: "an office of term \(disk.promised) or later",
          found: "term \(term)")
      }
      disk.offices[term] = Disk.Office(candidate: candidate, base: position)
      disk.raiseLock(to: Position(term: term, number: position.number, head: position.head))
      if term > disk.promised { enter(term, on: &disk) }
    case .proposal, .preVote, .call, .transfer, .other: break
    }
  }

  func checkNamed(_ body: Body, of node: Digest, _ docket: inout Docket) {
    guard !namesConfiguration(body) else { return }
    let isVote = if case .vote = body.pledge { true } else { false }
    note(
      isVote ? .electionConfiguration : .namedConfiguration, node, term: body.pledge.term, number: body.pledge.number,
      &docket,
      expected: "the configuration that the entry names", found: body.configuration?.short ?? "none")
  }

  private func enter(_ term: Int, on disk: inout Disk) {
    disk.promised = term
    disk.vote = nil
  }

  mutating func keep(_ ballot: Ballot, on disk: inout Disk, of node: Digest, _ docket: inout Docket) {
    if ballot.promised < disk.promised {
      note(
        .promiseFell, node, term: ballot.promised, &docket, expected: "term \(disk.promised) or later",
        found: "term \(ballot.promised)")
      return
    }
    if ballot.promised > disk.promised {
      if !mayEnter(ballot.promised, node) {
        note(
          .promiseGrounds, node, term: ballot.promised, &docket, expected: "grounds for term \(ballot.promised)",
          found: "none that anybody signed")
      }
      enter(ballot.promised, on: &disk)
    }
    guard let vote = ballot.vote else {
      if let forgotten = disk.vote {
        note(
          .ballotForgotten, node, term: forgotten.term, &docket, expected: "the vote for \(forgotten.candidate.short)",
          found: "no vote")
      }
      return
    }
    guard vote != disk.vote else { return }
    check(vote, after: disk.vote, on: disk, of: node, &docket)
    disk.vote = vote
    disk.ballots.insert(vote)
  }

  private func mayEnter(_ term: Int, _ node: Digest) -> Bool {
    grounds.contains(term)
      || configurations.contains { configuration in
        tally.isQuorum(
          for: .pledge(.preVote(term: term), configuration: configuration.digest), with: node, in: configuration)
      }
  }

  private func check(
    _ vote: Choice, after earlier: Choice?, on disk: Disk, of node: Digest, _ docket: inout Docket
  ) {
    if let earlier, earlier.candidate != vote.candidate {
      note(
        .voteOneCandidate, node, term: vote.term, &docket, expected: "\(earlier.candidate.short) only",
        found: vote.candidate.short)
    }
    if let earlier, earlier.candidate == vote.candidate {
      note(
        .voteOnce, node, term: vote.term, &docket, expected: "\(earlier.position) only", found: "\(vote.position)")
    }
    if let earlier, earlier.position.spot >= vote.position.spot, earlier.candidate == vote.candidate {
      note(
        .votePositionFell, node, term: vote.term, &docket, expected: "a position above \(earlier.position)",
        found: "\(vote.position)")
    }
    let level = vote.position.spot == disk.lock.spot
    if vote.position.spot < disk.lock.spot || (level && vote.position.head != disk.lock.head) {
      note(
        .voteLock, node, term: vote.term, &docket, expected: "a position not below the lock, \(disk.lock)",
        found: "\(vote.position)")
    }
    if !certified.contains(vote.position) || vote.position.term >= vote.term {
      note(
        .votePosition, node, term: vote.term, &docket, expected: "a certified position of an earlier term",
        found: "\(vote.position)")
    }
  }
}
