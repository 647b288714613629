internal import Coordination
internal import Engine
internal import Ledger
package import Model
internal import Overlay
internal import Sodium

/// Folds all that nodes want, in its order, into one digest, to compare runs with.
package struct Fingerprint {
  private var hash = SHA256()

  package var digest: Digest {
    var hash = hash
    return Digest(finishing: hash.finalize())
  }

  mutating func add(_ bytes: [UInt8]) {
    add(bytes.count)
    hash.update(bytes)
  }

  /// What happens most often is folded in numbers: text costs more than the rest of a step.
  private mutating func add(_ numbers: Int...) {
    numbers.withUnsafeBytes { hash.update($0) }
  }

  mutating func add(_ text: String) { add(Array(text.utf8)) }

  private mutating func add(_ signed: SignedStatement) {
    add(signed.statement.bytes)
    add(signed.signature.bytes)
  }
}

extension Fingerprint {
  mutating func add(_ node: Int, step: UInt64, _ writes: [Write]) {
    add("\(node) transaction \(step) of \(writes.count)")
    for write in writes { add(write) }
  }

  private mutating func add(_ write: Write) {
    switch write {
    case .ledger(.entry(let entry)): add(entry.bytes)
    case .ledger(.proposal(let proposal)): add(proposal.signed)
    case .ledger(.dropped(let id, let after)):
      add(id.digest.bytes)
      add(after)
    case .ledger(.ballot(let id, let ballot)):
      add(id.digest.bytes)
      add(ballot.promised)
      add(ballot.vote.map { "\($0)" } ?? "")
    case .ledger(.prepared(let certificate)): add("prepared \(certificate.body)")
    case .ledger(.decision(let certificate)): add("decision \(certificate.body)")
    case .event(let event):
      add(
        "event \(event.id) \(event.lane) \(event.kind) \(event.priority) \(event.deadlineMilliseconds ?? -1) "
          + "\(event.arrivalMilliseconds) \(event.trace?.hexadecimal ?? "-") \(event.state) \(event.attempts)")
      add(event.payload)
      add(event.result ?? [])
    case .eventState(let id, let state, let attempts, let result):
      add("event \(id) \(state) \(attempts)")
      add(result ?? [])
    case .removeEvent(let id): add("remove \(id)")
    case .forgetEvents(let moment): add("forget \(moment)")
    case .outbox(let message):
      add("outbox \(message.destination) \(message.deadlineMilliseconds)")
      add(message.statement.bytes)
      add(message.signature?.bytes ?? [])
    case .removeOutbox(let id, let node): add("sent \(id) \(node)")
    case .document(let key, let value):
      add("document \(key)")
      add(value ?? [])
    case .snapshot(let snapshot):
      add("snapshot \(snapshot.collaboration) \(snapshot.isWhole)")
      for part in snapshot.parts {
        add(part.name)
        add(part.bytes)
      }
    case .fact(let fact):
      add("fact \(fact.expiresMilliseconds ?? -1)")
      add(fact.signed)
    case .removeFact(let id): add("no fact \(id)")
    }
  }
}

extension Fingerprint {
  mutating func add(_ node: Int, _ action: Action) {
    switch action {
    case .transmit(let link, let bytes, let lane):
      add(node, 1, Int(truncatingIfNeeded: link.number), lane == .control ? 0 : 1)
      add(bytes)
    case .sendDatagram(let bytes, let address):
      add(node, 2)
      add(address)
      add(bytes)
    case .check(let job, .overlay(let verification)):
      add(node, 3, Int(truncatingIfNeeded: job.number), Int(truncatingIfNeeded: verification.id.number))
    default:
      add("\(node) ")
      addSeldom(action)
    }
  }

  private mutating func addSeldom(_ action: Action) {
    switch action {
    case .transmit, .sendDatagram, .check(_, .overlay): break
    case .dial(let address, let peer): add("dial \(address) \(peer)")
    case .close(let link, let reason): add("close \(link) \(reason)")
    case .present(let record): add("present \(record.id)")
    case .admit(let node): add("admit \(node)")
    case .expel(let node): add("expel \(node)")
    case .setTimer(let timer, let after): add("timer \(timer) \(after)")
    case .hold(let task, let objects, let inputs):
      add("hold \(task) \(inputs)")
      for object in objects { add(object.digest.bytes) }
    case .letGo(let task): add("let go \(task)")
    case .wake: add("wake")
    case .sign(let job, let statement):
      add("sign \(job.number)")
      add(statement.bytes)
    case .check(let job, .ledger(let claims)):
      add("check \(job.number)")
      for claim in claims { add(claim.0) }
    case .fetch(let reference, let holders):
      add("fetch \(reference.digest) \(holders.map { "\($0.node) \($0.addresses)" })")
    case .readSpecification(let reference): add("read \(reference.digest)")
    case .keep(let reference, let bytes):
      add("keep \(reference.digest)")
      add(bytes)
    case .start(let order): add(order)
    case .cancelWork(let attempt, let reason): add("cancel \(attempt) \(reason)")
    case .answer(let id, let answer): add("answer \(id.number) \(answer)")
    case .notice(let notice):
      add("notice \(notice.timeMilliseconds) \(notice.plane) \(notice.kind) \(notice.text)")
    case .logRequested(let request, let node): add("log request \(request) \(node)")
    case .logChunk(let chunk, let node): add("log chunk \(chunk) \(node)")
    case .traceRequested(let request, let node): add("trace request \(request) \(node)")
    case .traceReply(let reply, let node): add("trace reply \(reply) \(node)")
    }
  }

  private mutating func add(_ order: WorkOrder) {
    let environment = order.environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    add(
      "start \(order.attempt) \(order.collaboration) \(order.trace) \(order.adapter ?? "-") \(order.command) "
        + "\(order.script ?? "-") \(environment) \(order.standardInput.map(\.digest)) \(order.results) "
        + "\(order.needs) \(order.executeMilliseconds) \(order.outputLimitBytes)")
    for file in order.files { add("file \(file.input) \(file.path) \(file.content.digest)") }
  }
}
