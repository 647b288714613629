package import Engine
internal import Ledger
package import Model

/// A node's database in memory: tables that survive a crash, and a log of what was handed over and is not synced.
package struct SimulatedDisk {
  /// One step's writes.
  package struct Transaction: Sendable {
    package let step: UInt64
    package let writes: [Write]
  }

  /// A piece of the log. Writes count only when their transaction's end follows them.
  private enum Frame {
    case write(Write)
    case commit
  }

  /// Handed over and not synced, the oldest first.
  package private(set) var unsynced: [Transaction] = []
  /// How many became durable.
  package private(set) var transactions = 0
  private var entries: [CollaborationID: [Entry]] = [:]
  private var proposals: [CollaborationID: [SignedProposal]] = [:]
  private var ballots: [CollaborationID: Ballot] = [:]
  private var prepared: [CollaborationID: PrepareCertificate] = [:]
  private var decisions: [CollaborationID: CommitCertificate] = [:]
  private var events: [String: StoredEvent] = [:]
  private var eventOrder: [String] = []
  private var outbox: [StatementID: [NodeID: StoredMessage]] = [:]
  private var documents: [String: [UInt8]] = [:]
  /// Parts of states by name.
  package var snapshots: [CollaborationID: [String: [UInt8]]] = [:]
  /// Each fact is kept once for all nodes of the world.
  private var facts: [StatementID: KeptFact] = [:]
  private let shelf: SharedFacts
  /// What a real database would have refused.
  package private(set) var faults: [String] = []
  /// How often each event came to its end.
  package private(set) var endings: [String: Int] = [:]

  init(shelf: SharedFacts) { self.shelf = shelf }

  /// What would be found after the machine had lost its power: nothing that waits to be synced.
  package var durable: SimulatedDisk {
    var copy = self
    copy.unsynced = []
    return copy
  }

  mutating func handOver(_ transaction: Transaction) { unsynced.append(transaction) }

  /// Makes the oldest transaction that waits durable.
  mutating func syncOldest() {
    guard !unsynced.isEmpty else { return }
    apply(unsynced.removeFirst().writes)
  }

  /// Makes what the log holds after a crash durable, and forgets the rest.
  ///
  /// - Parameters:
  ///   - whole: transactions that the log holds up to their end, the oldest.
  ///   - torn: writes of the next one that are in the log as well, without its end.
  mutating func recover(whole: Int, torn: Int) {
    var log: [Frame] = []
    for transaction in unsynced.prefix(whole) { log += transaction.writes.map(Frame.write) + [.commit] }
    if let next = unsynced.dropFirst(whole).first { log += next.writes.prefix(torn).map(Frame.write) }
    unsynced = []
    var open: [Write] = []
    for frame in log {
      switch frame {
      case .write(let write): open.append(write)
      case .commit:
        apply(open)
        open = []
      }
    }
  }

  /// Makes writes durable at once, past the log.
  package mutating func apply(_ writes: [Write]) {
    transactions += 1
    for write in writes { apply(write) }
  }

  private mutating func apply(_ write: Write) {
    switch write {
    case .ledger(.entry(let entry)):
      let held = entries[entry.collaboration]?.count ?? 0
      if entry.number != held + 1 { faults.append("entry \(entry.number) after \(held)") }
      entries[entry.collaboration, default: []].append(entry)
    case .ledger(.proposal(let proposal)): proposals[proposal.collaboration, default: []].append(proposal)
    case .ledger(.dropped(let id, let after)):
      if after < decisions[id]?.body.number ?? 0 { faults.append("decided entries dropped after \(after)") }
      if let held = entries[id], held.count > after { entries[id] = Array(held.prefix(after)) }
      proposals[id]?.removeAll { $0.proposal.last > after }
    case .ledger(.ballot(let id, let ballot)): ballots[id] = ballot
    case .ledger(.prepared(let certificate)): prepared[certificate.collaboration] = certificate
    case .ledger(.decision(let certificate)): decisions[certificate.collaboration] = certificate
    case .event(let event):
      if events[event.id] == nil { eventOrder.append(event.id) }
      events[event.id] = event
    case .eventState(let id, let state, let attempts, let result):
      if events[id] == nil { faults.append("no event \(id)") }
      events[id]?.state = state
      events[id]?.attempts = attempts
      events[id]?.result = result
      if state != .queued { endings[id, default: 0] += 1 }
    case .removeEvent(let id):
      events[id] = nil
      eventOrder.removeAll { $0 == id }
    case .forgetEvents(let before):
      eventOrder.removeAll { id in
        guard let event = events[id], event.state != .queued, event.arrivalMilliseconds < before else { return false }
        events[id] = nil
        return true
      }
    case .outbox(let message): outbox[message.id, default: [:]][message.destination] = message
    case .removeOutbox(let id, let node): outbox[id]?[node] = nil
    case .document(let key, let value): documents[key] = value
    case .snapshot(let snapshot):
      if snapshot.isWhole { snapshots[snapshot.collaboration] = [:] }
      for part in snapshot.parts { snapshots[snapshot.collaboration, default: [:]][part.name] = part.bytes }
    case .fact(let fact): facts[fact.id] = shelf.keep(fact)
    case .removeFact(let id): facts[id] = nil
    }
  }

  package func event(_ id: String) -> StoredEvent? { events[id] }
  /// In order of arrival.
  package var eventViews: [EventView] { eventOrder.compactMap { events[$0] }.map { EventView($0) } }

  package var outboxCount: Int { outbox.values.reduce(0) { $0 + $1.count } }
  package var queuedCount: Int { events.values.count { $0.state == .queued } }
  package func document(_ key: String) -> [UInt8]? { documents[key] }
  package var documentKeys: [String] { documents.keys.sorted() }

  package var recovered: Recovered {
    Recovered(
      chains: Set(entries.keys).union(ballots.keys).sorted().map { id in
        RecoveredChain(
          collaboration: id, entries: entries[id] ?? [], proposals: proposals[id] ?? [],
          ballot: ballots[id] ?? Ballot(), prepared: prepared[id], decision: decisions[id])
      },
      events: eventOrder.compactMap { events[$0] }.filter { $0.state != .handled },
      handledEventIDs: eventOrder.reversed().filter { events[$0]?.state == .handled },
      outbox: outbox.sorted { $0.key < $1.key }.flatMap { $0.value.sorted { $0.key < $1.key }.map(\.value) },
      documents: documents, snapshots: snapshots, facts: facts.sorted { $0.key < $1.key }.map(\.value.fact))
  }
}

/// A fact as any number of disks hold it.
final class KeptFact: Sendable {
  let fact: StoredFact

  init(_ fact: StoredFact) { self.fact = fact }
}

/// The facts of all disks of a world, each once: a thousand nodes hold a thousand records each.
final class SharedFacts {
  private static let limit = 200_000
  private var kept: [StatementID: KeptFact] = [:]

  func keep(_ fact: StoredFact) -> KeptFact {
    // The same statement with another signature or another end is another thing to keep.
    if let known = kept[fact.id], known.fact.signed.signature == fact.signed.signature,
      known.fact.expiresMilliseconds == fact.expiresMilliseconds
    {
      return known
    }
    if kept.count >= Self.limit { kept = [:] }
    let new = KeptFact(fact)
    kept[fact.id] = new
    return new
  }
}
