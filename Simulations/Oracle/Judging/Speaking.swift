/// What leaves a node.
extension Case {
  /// Takes a statement of this collaboration that left a node. Only its author answers for it.
  mutating func hear(
    _ statement: Statement, _ signature: [UInt8], from node: Digest, _ docket: inout Docket
  ) {
    let own = statement.author.node == node
    guard docket.verifies(signature, over: statement.message, by: statement.author) else {
      if own {
        note(
          .signature, node, term: statement.body.pledge.term, number: statement.body.pledge.number, &docket,
          expected: "a signature that holds under a known key, epoch \(statement.author.epoch)", found: "another")
      }
      return
    }
    guard statement.network == network else {
      if own { note(.foreign, node, &docket, expected: "network \(network.short)", found: statement.network.short) }
      return
    }
    count(statement.author, statement.body, &docket)
    guard own, docket.isHonest(node) else { return }
    checkSilence(of: node, &docket)
    checkAuthor(of: statement, &docket)
    withDisk(of: node) { held, disk in
      switch statement.body.pledge {
      case .proposal(let first, let position):
        held.propose(first, position, statement.message.digest, on: &disk, of: node, &docket)
      case .ack(let position): held.ack(position, on: &disk, of: node, &docket)
      case .confirm(let position): held.confirm(position, on: &disk, of: node, &docket)
      case .vote(let candidate, let position, let term):
        held.vote(Choice(term: term, candidate: candidate, position: position), on: disk, of: node, &docket)
      case .transfer(_, let term): held.transfer(to: term, on: disk, of: node, &docket)
      case .preVote, .call, .other: break
      }
    }
  }

  /// Takes a certificate of this collaboration that left a node.
  mutating func hear(_ certificate: Certificate, from node: Digest, _ docket: inout Docket) {
    checkSilence(of: node, &docket)
    if let fault = fault(of: certificate, &docket) {
      return note(
        .certificate, node, term: certificate.body.pledge.term, number: certificate.body.pledge.number, &docket,
        expected: "a certificate that holds", found: fault)
    }
    checkNamed(certificate.body, of: node, &docket)
  }

  private func checkSilence(of node: Digest, _ docket: inout Docket) {
    guard docket.down.contains(node) else { return }
    note(.silentWhileDown, node, &docket, expected: "silence while down", found: "a message")
  }

  private func checkAuthor(of statement: Statement, _ docket: inout Docket) {
    switch statement.body.pledge {
    case .ack, .confirm, .preVote, .vote:
      if configuration(statement.body.configuration)?.has(statement.author) != true {
        note(
          .foreign, statement.author.node, term: statement.body.pledge.term, &docket,
          expected: "a voter of the configuration that it names", found: "epoch \(statement.author.epoch), or no voter")
      }
    case .proposal, .call, .transfer, .other: break
    }
    checkNamed(statement.body, of: statement.author.node, &docket)
  }

  private func propose(
    _ first: Int, _ position: Position, _ digest: Digest, on disk: inout Disk, of node: Digest,
    _ docket: inout Docket
  ) {
    let (term, last) = (position.term, position.number)
    let coordinator = disk.offices[term]?.candidate ?? (term == 1 ? founder : nil)
    if coordinator != node {
      note(
        .proposalOffice, node, term: term, number: last, &docket, expected: "a durable election of its own",
        found: coordinator?.short ?? "none")
    }
    guard disk.proposals.contains(digest), disk.held(position, in: term, start: id) else {
      return note(
        .proposalDurable, node, term: term, number: last, &docket, expected: "entries and proposal durable",
        found: "\(disk.chain.count) entries, proposal \(disk.proposals.contains(digest) ? "durable" : "not durable")")
    }
    var head = position.head
    for number in stride(from: last, through: first, by: -1) {
      guard let entry = entries[head] else { break }
      if entry.term != term {
        note(
          .proposalTerm, node, term: term, number: number, &docket, expected: "an entry of term \(term)",
          found: "term \(entry.term)")
      }
      if let other = disk.proposed.updateValue(head, forKey: Spot(term: term, number: number)), other != head {
        note(
          .proposalOnce, node, term: term, number: number, &docket, expected: other.short, found: head.short)
      }
      head = entry.previous
    }
  }

  private func ack(_ position: Position, on disk: inout Disk, of node: Digest, _ docket: inout Docket) {
    let (term, number) = (position.term, position.number)
    let base = term == 1 ? start : disk.offices[term]?.base
    if base == nil {
      note(
        .ackOffice, node, term: term, number: number, &docket, expected: "the election of term \(term) durable",
        found: "none")
    }
    if !disk.held(position, in: term, start: id) {
      note(
        .ackDurable, node, term: term, number: number, &docket, expected: "\(position.head.short) durable in the term",
        found: disk.head(at: number, start: id)?.short ?? "\(disk.chain.count) entries")
    }
    checkOneChain(position, on: &disk, of: node, &docket)
    if let base { checkBase(position, base, on: disk, of: node, &docket) }
    if let change = disk.switches.last(where: { $0.place <= number }),
      !disk.decisions.map(\.position).contains(where: { decided in
        decided.number >= change.jointFrom
          && disk.head(at: decided.number, start: id) ?? decided.head == decided.head
      })
    {
      note(
        .jointDecided, node, term: term, number: number, &docket,
        expected: "the joint configuration of number \(change.jointFrom) decided here", found: "no certificate")
    }
  }

  private func checkOneChain(_ position: Position, on disk: inout Disk, of node: Digest, _ docket: inout Docket) {
    guard let earlier = disk.acked[position.term] else {
      disk.acked[position.term] = position
      return
    }
    let (low, high) = earlier.number < position.number ? (earlier, position) : (position, earlier)
    let found = ancestor(of: high, at: low.number, on: disk)
    if let found, found != low.head {
      note(
        .ackOneChain, node, term: position.term, number: position.number, &docket,
        expected: "one chain with \(earlier)", found: "\(position)")
    }
    disk.acked[position.term] = high
  }

  private func checkBase(
    _ position: Position, _ base: Position, on disk: Disk, of node: Digest, _ docket: inout Docket
  ) {
    let (term, number) = (position.term, position.number)
    var fault: String?
    if number < base.number {
      fault = "number \(number)"
    } else if let found = ancestor(of: position, at: base.number, on: disk), found != base.head {
      fault = "\(found.short) at number \(base.number)"
    } else if number > base.number, let above = ancestor(of: position, at: base.number + 1, on: disk),
      let first = entries[above]?.term, let last = entries[position.head]?.term, first != term || last != term
    {
      fault = "entries of terms \(first) to \(last) above the base"
    }
    guard let fault else { return }
    note(.ackBase, node, term: term, number: number, &docket, expected: "a chain of the term on \(base)", found: fault)
  }

  private func confirm(_ position: Position, on disk: inout Disk, of node: Digest, _ docket: inout Docket) {
    let (term, number) = (position.term, position.number)
    if term > 1 && disk.offices[term] == nil {
      note(
        .confirmOffice, node, term: term, number: number, &docket, expected: "the election of term \(term) durable",
        found: "none")
    }
    let prepared = disk.prepared[position.spot]
    if prepared?.head != position.head || prepared.map({ $0.promise > term }) == true {
      note(
        .confirmCertificate, node, term: term, number: number, &docket,
        expected: "the prepare certificate of \(position.head.short) durable in the term",
        found: prepared.map { "\($0.head.short), promise \($0.promise)" } ?? "none")
    }
    if let other = disk.confirmed.updateValue(position.head, forKey: position.spot), other != position.head {
      note(
        .confirmOnce, node, term: term, number: number, &docket, expected: other.short, found: position.head.short)
    }
  }

  private func transfer(to term: Int, on disk: Disk, of node: Digest, _ docket: inout Docket) {
    let coordinator = term == 2 ? founder : disk.offices[term - 1]?.candidate
    guard coordinator != node else { return }
    note(
      .transferOffice, node, term: term, &docket, expected: "a durable election of its own for term \(term - 1)",
      found: coordinator?.short ?? "none")
  }

  private func vote(_ choice: Choice, on disk: Disk, of node: Digest, _ docket: inout Docket) {
    if !disk.ballots.contains(choice) {
      note(
        .voteDurable, node, term: choice.term, &docket, expected: "a durable ballot for \(choice.candidate.short)",
        found: disk.vote.map { "one for \($0.candidate.short) at \($0.position)" } ?? "none")
    }
    if choice.term < disk.promised {
      note(
        .voteBelowPromise, node, term: choice.term, &docket, expected: "term \(disk.promised) or later",
        found: "term \(choice.term)")
    }
  }
}
