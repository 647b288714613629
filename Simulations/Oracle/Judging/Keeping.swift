/// What reaches a disk.
extension Case {
  mutating func keep(_ kept: Kept, at node: Digest, _ docket: inout Docket) {
    if docket.down.contains(node) {
      note(.silentWhileDown, node, &docket, expected: "nothing written while down", found: "a write")
    }
    withDisk(of: node) { held, disk in
      do throws(ReadError) {
        switch kept {
        case .entry(let bytes): held.keep(try docket.entry(bytes), on: &disk, of: node, &docket)
        case .dropped(let number): held.drop(after: number, on: &disk, of: node, &docket)
        case .proposal(let bytes, let signature):
          held.keep(try docket.statement(bytes), signature, on: &disk, of: node, &docket)
        case .ballot(let bytes): held.keep(try Ballot(bytes), on: &disk, of: node, &docket)
        case .prepared(let bytes): held.keep(try docket.certificate(bytes), "ack", on: &disk, of: node, &docket)
        case .decision(let bytes): held.keep(try docket.certificate(bytes), "confirm", on: &disk, of: node, &docket)
        case .office(let bytes): held.keep(try docket.certificate(bytes), "vote", on: &disk, of: node, &docket)
        }
      } catch {
        held.note(.canonical, node, &docket, expected: "the format's bytes on disk", found: "\(error)")
      }
    }
  }

  /// Notes what an honest node did; a faulty one may do what it likes.
  func note(
    _ rule: Rule, _ node: Digest, term: Int? = nil, number: Int? = nil, _ docket: inout Docket,
    expected: @autoclosure () -> String, found: @autoclosure () -> String
  ) {
    guard docket.isHonest(node) else { return }
    docket.note(rule, at: place(node, term: term, number: number), expected: expected(), found: found())
  }

  private mutating func keep(_ entry: Entry, on disk: inout Disk, of node: Digest, _ docket: inout Docket) {
    let number = disk.chain.count + 1
    let previous = disk.head(at: number - 1, start: id) ?? id
    guard entry.collaboration == id, entry.number == number, entry.previous == previous else {
      return note(
        .chainLink, node, term: entry.term, number: entry.number, &docket,
        expected: "number \(number) after \(previous.short)",
        found: "number \(entry.number) after \(entry.previous.short)")
    }
    let before = number == 1 ? nil : entries[previous]
    checkTerm(of: entry, after: before?.term ?? 1, of: node, &docket)
    checkConfiguration(of: entry, after: before?.configuration ?? founding, on: &disk, of: node, &docket)
    entries[entry.hash] = entry
    disk.append(entry.hash)
  }

  private mutating func checkTerm(of entry: Entry, after term: Int, of node: Digest, _ docket: inout Docket) {
    if entry.term < term {
      note(
        .termOrder, node, term: entry.term, number: entry.number, &docket,
        expected: "term \(term) or later", found: "term \(entry.term)")
    }
    let opens = entry.kind == "term.opened"
    guard opens || entry.term > term else { return }
    let fault = opens && entry.term > term ? openingFault(of: entry, &docket) : "kind \(entry.kind)"
    guard let fault else { return }
    note(
      .termOpened, node, term: entry.term, number: entry.number, &docket,
      expected: entry.term > term ? "term.opened with its election" : "no opening inside of a term", found: fault)
  }

  private mutating func openingFault(of entry: Entry, _ docket: inout Docket) -> String? {
    do throws(ReadError) {
      let (coordinator, election) = try entry.opening()
      if let fault = fault(of: election, &docket) { return "a certificate with " + fault }
      guard case .vote(let candidate, let position, let term) = election.body.pledge else {
        return "a certificate of \(election.purpose)"
      }
      guard candidate == coordinator else { return "votes for \(candidate.short), not \(coordinator.short)" }
      guard term == entry.term else { return "an election for term \(term)" }
      guard position.number + 1 == entry.number, position.head == entry.previous else {
        return "an election at \(position)"
      }
      return nil
    } catch {
      return "\(error)"
    }
  }

  private func checkConfiguration(
    of entry: Entry, after earlier: Digest, on disk: inout Disk, of node: Digest, _ docket: inout Docket
  ) {
    guard entry.configuration != earlier else { return }
    guard let from = configuration(earlier), let to = configuration(entry.configuration) else {
      return note(
        .configurationStep, node, term: entry.term, number: entry.number, &docket,
        expected: "a configuration that the world told", found: entry.configuration.short)
    }
    if !from.mayGiveWay(to: to) {
      note(
        .configurationStep, node, term: entry.term, number: entry.number, &docket,
        expected: "one that shares quorums with \(from.digest.short)", found: to.digest.short)
    }
    if from.next != nil && to.next == nil {
      disk.switches.append(Disk.Switch(jointFrom: disk.configurationFrom, place: entry.number))
    }
    disk.configurationFrom = entry.number
  }

  private func drop(after number: Int, on disk: inout Disk, of node: Digest, _ docket: inout Docket) {
    // A certificate may have come before its entries, and stands for no other ones in their place.
    let certain =
      disk.decisions.map(\.position).filter { disk.head(at: $0.number, start: id) == $0.head }.map(\.number).max() ?? 0
    let own = max(disk.decidedThrough, certain)
    let lost = (number..<max(number, disk.chain.count)).first { index in
      index < own || (index < agreed.count && agreed[index] == disk.chain[index])
    }
    if let lost {
      note(
        .decidedDropped, node, number: lost + 1, &docket,
        expected: "decided entries to stay", found: "a drop of all above \(number)")
    }
    disk.drop(after: max(0, number))
    disk.configurationFrom = configurationStart(on: disk)
  }

  private func configurationStart(on disk: Disk) -> Int {
    guard let last = disk.chain.last, let configuration = entries[last]?.configuration else { return 1 }
    var place = disk.chain.count
    while place > 1, entries[disk.chain[place - 2]]?.configuration == configuration { place -= 1 }
    return place
  }

  private mutating func keep(
    _ statement: Statement, _ signature: [UInt8], on disk: inout Disk, of node: Digest, _ docket: inout Docket
  ) {
    guard case .proposal(_, let position) = statement.body.pledge else {
      return note(.canonical, node, &docket, expected: "a proposal", found: statement.purpose)
    }
    if !docket.verifies(signature, over: statement.message, by: statement.author) {
      note(
        .signature, node, term: position.term, number: position.number, &docket,
        expected: "a proposal's signature that holds", found: "another")
    }
    let coordinator = disk.offices[position.term]?.candidate ?? (position.term == 1 ? founder : nil)
    if statement.author.node != coordinator {
      note(
        .proposalOffice, node, term: position.term, number: position.number, &docket,
        expected: "a proposal of the term's coordinator, \(coordinator?.short ?? "unknown here")",
        found: "one of \(statement.author.node.short)")
    }
    disk.proposals.insert(statement.message.digest)
  }
}
