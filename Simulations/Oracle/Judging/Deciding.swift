/// What nodes act on as decided.
extension Case {
  mutating func decide(_ number: Int, _ head: Digest, at node: Digest, _ docket: inout Docket) {
    guard docket.isHonest(node), number > 0 else { return }
    withDisk(of: node) { held, disk in
      held.checkCovered(number, head, on: disk, of: node, &docket)
      let chain = disk.chain
      guard number <= chain.count else { return }
      for index in disk.decidedThrough..<max(number, disk.decidedThrough) {
        held.agree(chain[index], at: index + 1, node, &docket)
      }
      // The claim itself too: it may name another head than the chain has.
      held.agree(head, at: number, node, &docket)
      disk.decidedThrough = max(disk.decidedThrough, number)
    }
  }

  /// Work on what an entry assigns needs the entry decided, as much as anything else.
  mutating func start(work number: Int, at node: Digest, _ docket: inout Docket) {
    guard docket.isHonest(node) else { return }
    withDisk(of: node) { held, disk in
      guard !held.isCovered(number, on: disk) else { return }
      held.note(
        .workDecided, node, number: number, &docket, expected: "a durable commit certificate for number \(number)",
        found: "certificates up to \(disk.decisions.map(\.position.number).max() ?? 0), \(disk.chain.count) entries")
    }
  }

  private func checkCovered(_ number: Int, _ head: Digest, on disk: Disk, of node: Digest, _ docket: inout Docket) {
    if disk.head(at: number, start: id) != head {
      note(
        .decidedCertificate, node, number: number, &docket, expected: "\(head.short) durable",
        found: disk.head(at: number, start: id)?.short ?? "\(disk.chain.count) entries")
    } else if !isCovered(number, on: disk) {
      note(
        .decidedCertificate, node, number: number, &docket, expected: "a durable commit certificate",
        found: "certificates up to \(disk.decisions.map(\.position.number).max() ?? 0)")
    }
  }

  private func isCovered(_ number: Int, on disk: Disk) -> Bool {
    // The last certificates are the likely ones.
    disk.decisions.reversed().contains { decision in
      decision.position.number >= number
        && disk.head(at: decision.position.number, start: id) == decision.position.head
        && configuration(at: decision.position) == decision.configuration
    }
  }

  private mutating func agree(_ head: Digest, at number: Int, _ node: Digest, _ docket: inout Docket) {
    let known = number <= agreed.count ? agreed[number - 1] : committed[number]?.head
    if let known, known != head {
      note(
        .agreement, node, number: number, &docket, expected: "\(known.short) decided", found: head.short)
    }
    if number == agreed.count + 1 { agreed.append(head) }
  }
}
