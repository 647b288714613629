/// What signatures add up to. These rules hold over all that was ever signed, by whomever.
extension Case {
  /// Counts a statement whose signature holds.
  mutating func count(_ author: Voter, _ body: Body, _ docket: inout Docket) {
    switch body.pledge {
    case .call(let term):
      grounds.insert(term)
    case .transfer(_, let term):
      if mayTransfer(author.node, to: term) { grounds.insert(term) }
    case .ack, .confirm, .preVote, .vote:
      guard let configuration = configuration(body.configuration), configuration.has(author) else { return }
      if case .vote(let candidate, _, let term) = body.pledge,
        tally.add(
          author, for: .candidate(candidate, term: term, configuration: configuration.digest), in: configuration)
      {
        elect(candidate, in: term, &docket)
      }
      if tally.add(author, for: .pledge(body.pledge, configuration: configuration.digest), in: configuration) {
        quorum(of: body.pledge, &docket)
      }
    case .proposal, .other: break
    }
  }

  /// Whether somebody has coordinated a term before this one, as far as votes tell.
  func mayTransfer(_ node: Digest, to term: Int) -> Bool {
    (node == founder && term > 1) || elected.contains { $0.key < term && $0.value == node }
  }

  private mutating func quorum(of pledge: Pledge, _ docket: inout Docket) {
    switch pledge {
    case .ack(let position):
      certified.insert(position)
      if let other = preparedHeads.updateValue(position.head, forKey: position.spot), other != position.head {
        docket.note(
          .onePrepared, at: place(term: position.term, number: position.number),
          expected: "one prepared head, \(other.short)", found: position.head.short)
      }
    case .confirm(let position):
      commit(position, &docket)
    case .preVote(let term):
      grounds.insert(term)
    case .vote(_, let position, let term):
      certified.insert(Position(term: term, number: position.number, head: position.head))
      grounds.insert(term)
    case .proposal, .call, .transfer, .other: break
    }
  }

  private mutating func elect(_ candidate: Digest, in term: Int, _ docket: inout Docket) {
    guard let other = elected.updateValue(candidate, forKey: term), other != candidate else { return }
    docket.note(
      .oneElected, at: place(term: term), expected: "votes of a quorum for \(other.short) only",
      found: "votes of a quorum for \(candidate.short)")
  }

  private mutating func commit(_ position: Position, _ docket: inout Docket) {
    let known = committed[position.number]?.head ?? (position.number > agreed.count ? nil : head(at: position.number))
    if let known, known != position.head {
      docket.note(
        .agreement, at: place(term: position.term, number: position.number),
        expected: "\(known.short) committed", found: position.head.short)
    }
    if committed[position.number] == nil { committed[position.number] = position }
    if position.number > commitTops[position.term]?.number ?? -1 { commitTops[position.term] = position }
    for term in bases.keys.sorted() where term > position.term {
      for base in bases[term, default: []] { checkKept(position, by: base, in: term, &docket) }
    }
  }

  func head(at number: Int) -> Digest? {
    number == 0 ? id : (number <= agreed.count ? agreed[number - 1] : nil)
  }

  /// Takes an election certificate that holds.
  mutating func noteElection(at base: Position, in term: Int, _ docket: inout Docket) {
    grounds.insert(term)
    guard !bases[term, default: []].contains(base) else { return }
    if let other = bases[term]?.first {
      docket.note(
        .oneBase, at: place(term: term), expected: "election certificates at \(other)", found: "one at \(base)")
    }
    bases[term, default: []].append(base)
    for earlier in commitTops.keys.sorted() where earlier < term {
      if let position = commitTops[earlier] { checkKept(position, by: base, in: term, &docket) }
    }
  }

  private func checkKept(_ decided: Position, by base: Position, in term: Int, _ docket: inout Docket) {
    let found: Digest? = ancestor(of: base, at: decided.number)
    // A base whose entries nobody kept yet is judged by its number alone.
    guard base.number < decided.number || (found != nil && found != decided.head) else { return }
    docket.note(
      .electionKeepsDecided, at: place(term: term, number: decided.number),
      expected: "a position that contains \(decided)", found: "\(base)")
  }

  /// Why a certificate does not hold; none if it does. What it proves is counted.
  mutating func fault(of certificate: Certificate, _ docket: inout Docket) -> String? {
    guard certificate.network == network, certificate.collaboration == id else { return "another collaboration" }
    switch certificate.body.pledge {
    case .ack, .confirm, .preVote, .vote: break
    case .proposal, .call, .transfer, .other: return "purpose \(certificate.purpose)"
    }
    guard let configuration = configuration(certificate.body.configuration) else { return "an unknown configuration" }
    var signers: Set<Voter> = []
    for signed in certificate.signatures {
      guard configuration.has(signed.author) else {
        return "\(signed.author.node.short) in epoch \(signed.author.epoch), who is no voter"
      }
      guard docket.verifies(signed.signature, over: signed.message, by: signed.author) else {
        return "a signature of \(signed.author.node.short) that does not hold"
      }
      signers.insert(signed.author)
    }
    guard configuration.isQuorum(signers) else { return "\(signers.count) signatures, no quorum" }
    for signed in certificate.signatures { count(signed.author, certificate.body, &docket) }
    if case .vote(_, let position, let term) = certificate.body.pledge {
      noteElection(at: position, in: term, &docket)
    }
    return nil
  }

  /// Whether the body names the configuration of the entry at its place; true while nobody has kept that entry.
  func namesConfiguration(_ body: Body) -> Bool {
    let position: Position
    switch body.pledge {
    case .ack(let at), .confirm(let at), .proposal(_, let at), .vote(_, let at, _): position = at
    case .preVote, .call, .transfer, .other: return true
    }
    guard let configuration = configuration(at: position) else { return true }
    return configuration == body.configuration
  }
}
