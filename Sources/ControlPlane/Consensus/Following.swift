internal import Ledger
internal import Model
internal import Sodium

/// Entries with the proposals that cover them, on their way through a participant's checks.
struct Batch: Sendable {
  let id: UInt64
  let from: NodeID
  let entries: [Entry]
  let proposals: [SignedProposal]
  var unverified: Int
  var isGenuine = true
  var isJudging = false

  var last: Int { entries.last?.number ?? 0 }
}

/// The participant's part: check, judge, store, acknowledge.
extension Replica {
  mutating func receive(_ bytes: [[UInt8]], _ signed: [SignedStatement], from node: NodeID, desk: inout Desk) {
    guard !isCoordinator(desk) else { return desk.drop(.wrongAuthor, from: node) }
    guard !halted else { return desk.drop(.halted, from: node) }
    guard batches.count < ReplicationLimits.pendingBatches else {
      missedBatch = true
      return desk.drop(.overloaded, from: node)
    }
    let batch: Batch
    do {
      batch = try readBatch(bytes, signed, from: node, desk: &desk)
    } catch {
      return desk.drop(error, from: node)
    }
    let expected = max(chain.number, batches.last?.last ?? 0) + 1
    guard let first = batch.entries.first, first.number <= expected else {
      missedBatch = true
      return desk.drop(.gap(expected: expected, found: batch.entries.first?.number ?? 0), from: node)
    }
    if batch.last < expected, batch.entries.allSatisfy({ known in entry(known.number).map { $0 == known } ?? true }) {
      // The sender may have missed our acknowledgement.
      if let newest = newestAcknowledgement { desk.send(.acknowledgement(newest.signed), to: set.coordinator) }
      return desk.drop(.duplicate, from: node)
    }
    guard let author = set.member(set.coordinator) else { return desk.drop(.wrongAuthor, from: node) }
    isRequesting = false
    batches.append(batch)
    for proposal in batch.proposals {
      let token = desk.job(.verifyProposal(set.collaboration, batch: batch.id))
      desk.effects.append(.verify(proposal.signed, author.signingKey, token))
    }
  }

  /// Reads a message into a batch whose entries link up and are covered, one by one, by the coordinator's proposals.
  private func readBatch(
    _ bytes: [[UInt8]], _ signed: [SignedStatement], from node: NodeID, desk: inout Desk
  ) throws(ReplicationDrop) -> Batch {
    guard (1...ReplicationLimits.messageEntryCount).contains(bytes.count), signed.count <= bytes.count,
      bytes.reduce(0, { $0 + $1.count }) <= ReplicationLimits.messageByteCount
    else { throw .tooLarge }
    var entries: [Entry] = []
    var proposals: [SignedProposal] = []
    do throws(LedgerError) {
      for content in bytes { entries.append(try Entry(bytes: content)) }
      for statement in signed { proposals.append(try SignedProposal(statement)) }
    } catch {
      throw .malformed("\(error)")
    }
    for (before, after) in zip(entries, entries.dropFirst()) {
      guard after.number == before.number + 1, after.previous == before.hash else {
        throw .malformed("entry \(after.number) does not follow entry \(before.number) before it")
      }
    }
    try check(entries, proposals, desk)
    return Batch(id: desk.number(), from: node, entries: entries, proposals: proposals, unverified: proposals.count)
  }

  private func check(_ entries: [Entry], _ proposals: [SignedProposal], _ desk: Desk) throws(ReplicationDrop) {
    guard let start = entries.first?.number else { throw .uncovered }
    for entry in entries {
      guard entry.collaboration == set.collaboration else { throw .malformed("entry of another collaboration") }
      guard entry.term == set.term else { throw .wrongTerm(expected: set.term, found: entry.term) }
      guard entry.configuration == set.configuration else { throw .wrongConfiguration }
    }
    var next = start
    for signed in proposals {
      let proposal = signed.proposal
      guard signed.author == set.coordinator, signed.collaboration == set.collaboration,
        signed.signed.statement.network == desk.network
      else { throw .wrongAuthor }
      guard signed.signed.statement.epoch == set.member(set.coordinator)?.epoch else { throw .wrongEpoch }
      guard proposal.term == set.term else { throw .wrongTerm(expected: set.term, found: proposal.term) }
      guard proposal.configuration == set.configuration else { throw .wrongConfiguration }
      guard proposal.first == next, entries.indices.contains(proposal.last - start),
        entries[proposal.last - start].hash == proposal.head
      else { throw .uncovered }
      next = proposal.last + 1
    }
    guard next == start + entries.count else { throw .uncovered }
  }

  mutating func verified(_ id: UInt64, _ holds: Bool, desk: inout Desk) {
    guard let index = batches.firstIndex(where: { $0.id == id }) else { return }
    batches[index].unverified -= 1
    if !holds { batches[index].isGenuine = false }
    judgeNext(desk: &desk)
  }

  /// Puts the oldest batch to the contract once its signatures have been checked.
  private mutating func judgeNext(desk: inout Desk) {
    while let batch = batches.first, batch.unverified == 0, !batch.isJudging {
      guard batch.isGenuine else {
        // What came after it is checked against the chain in its own turn, and asked for again where it fails.
        batches.removeFirst()
        desk.drop(.badSignature, from: batch.from)
        continue
      }
      if let conflict = conflict(in: batch) {
        batches.removeFirst()
        if !hasConflict { desk.effects.append(.conflict(conflict)) }
        hasConflict = true
        isForked = true
        continue
      }
      let fresh = batch.entries.filter { $0.number > chain.number }
      guard let first = fresh.first else {
        batches.removeFirst()
        desk.drop(.duplicate, from: batch.from)
        continue
      }
      guard first.number == chain.number + 1 else {
        batches.removeFirst()
        desk.drop(.gap(expected: chain.number + 1, found: first.number), from: batch.from)
        continue
      }
      guard first.previous == chain.head else {
        batches.removeFirst()
        diverged(from: batch.from, desk: &desk)
        continue
      }
      guard !isForked else {
        batches.removeFirst()
        desk.drop(.halted, from: batch.from)
        continue
      }
      batches[0].isJudging = true
      let token = desk.job(.judge(set.collaboration, batch: batch.id))
      desk.effects.append(.judge(set.collaboration, fresh.map(\.record), token))
      return
    }
  }

  /// The coordinator signed a continuation of something else than what this node holds: get both signatures.
  private mutating func diverged(from node: NodeID, desk: inout Desk) {
    let isNews = !isForked
    forks(at: chain.number, desk: &desk)
    if chain.number > 0, isNews {
      desk.send(
        .request(set.collaboration, from: chain.number, limit: ReplicationLimits.messageEntryCount), to: node)
    }
  }

  /// Tells once that the coordinator's story is another one.
  mutating func forks(at number: Int, desk: inout Desk) {
    guard !isForked else { return }
    isForked = true
    desk.effects.append(.diverged(set.collaboration, number: number, member: set.coordinator))
  }

  private func conflict(in batch: Batch) -> Conflict? {
    guard let other = batch.entries.first(where: { theirs in entry(theirs.number).map { $0 != theirs } ?? false }),
      let index = proposalIndex(covering: other.number),
      let signed = batch.proposals.first(where: { $0.numbers.contains(other.number) })
    else { return nil }
    return Conflict(
      collaboration: set.collaboration, number: other.number, held: proposals[index], other: signed)
  }

  mutating func judged(_ id: UInt64, _ judgement: Replication.Judgement, desk: inout Desk) {
    guard let batch = batches.first, batch.id == id else { return }
    batches.removeFirst()
    switch judgement {
    case .refused(let number, let reason):
      // Nothing of the batch is kept: a participant never acknowledges what the contract forbids.
      halted = true
      batches.removeAll()
      desk.effects.append(.refused(set.collaboration, number: number, reason: reason))
    case .accepted:
      take(batch, desk: &desk)
      judgeNext(desk: &desk)
    }
  }

  private mutating func take(_ batch: Batch, desk: inout Desk) {
    var writes: [LedgerWrite] = []
    for entry in batch.entries where entry.number > chain.number {
      do {
        try chain.append(entry)
      } catch {
        // Links were checked within the batch and against the chain's head before it was judged.
        preconditionFailure("a checked batch does not fit: \(error)")
      }
      entries.append(entry)
      writes.append(.entry(entry))
    }
    for proposal in batch.proposals where proposal.proposal.last > proposed {
      proposals.append(proposal)
      writes.append(.proposal(proposal))
    }
    let token = desk.store(writes, of: set.collaboration)
    durability.started(token, .batch(through: batch.last))
  }

  /// Signs what is durable. One signature at a time; the next covers all that came meanwhile.
  mutating func acknowledge(desk: inout Desk) {
    let place = durability.proposed
    guard !isCoordinator(desk), !isSigningAcknowledgement, let last = entry(place.number),
      place.number > newestAcknowledgement?.acknowledgement.number ?? 0
    else { return }
    let body = Acknowledgement(
      term: set.term, configuration: last.configuration, number: last.number, head: last.hash)
    isSigningAcknowledgement = true
    let token = desk.job(.signAcknowledgement(set.collaboration, body))
    desk.effects.append(.sign(desk.statement(body, in: set.collaboration), token))
  }

  mutating func signed(_ body: Acknowledgement, _ signature: Signature, desk: inout Desk) {
    isSigningAcknowledgement = false
    let statement = desk.statement(body, in: set.collaboration)
    guard let made = try? SignedAcknowledgement(SignedStatement(statement, signature: signature)) else {
      preconditionFailure("an acknowledgement of entry \(body.number) cannot be read again")
    }
    newestAcknowledgement = made
    desk.send(.acknowledgement(made.signed), to: set.coordinator)
    acknowledge(desk: &desk)
  }
}
