internal import Consensus
package import Contract
internal import Coordination
internal import Ledger
internal import Model
internal import Overlay
internal import Resources

// The control plane's roles take their steps here, and the engine carries out what they ask for.
extension NodeEngine {
  /// Lets a role take a step, then carries out its effects in order.
  mutating func coordinate<Value>(
    _ turn: inout Turn,
    _ body: (inout NodeEngine, CoordinationContext, inout CoordinationEffects, inout Turn) -> Value
  ) -> Value {
    var effects = CoordinationEffects()
    let value = body(&self, context(turn.now), &effects, &turn)
    for effect in effects.effects { carryOut(effect, &turn) }
    return value
  }

  func context(_ now: Moment) -> CoordinationContext {
    let members = overlay.members
    var names = Dictionary(uniqueKeysWithValues: members.map { ($0.id, $0.name) })
    names[identity.node] = profile.name
    // To the roles a broken ledger is none: they expect nothing of it.
    let collaborations = broken.isEmpty ? books : books.filter { broken[$0.key] == nil }
    let coordinated = drafts.filter { coordinatedDraft($0.key) != nil }
    let live = members.filter { ($0.state == .alive || $0.state == .suspected) && $0.id != identity.node }.map(\.id)
    return CoordinationContext(
      node: identity.node, epoch: identity.epoch, network: identity.network, now: now, member: rosterMember,
      takesAnyWork: adapters.contains { $0.usable && !$0.onRequestOnly }, policy: profile.policy, live: live,
      names: names, collaborations: collaborations, drafts: coordinated, objects: objects)
  }

  /// The draft of a ledger that this node coordinates, in a term that is decided, while there is room for more.
  func coordinatedDraft(_ id: CollaborationID) -> CollaborationState? {
    guard let draft = drafts[id], broken[id] == nil, consensus.isInOffice(id), !consensus.isFull(id),
      books[id]?.term == draft.term
    else { return nil }
    return draft
  }

  /// This node as it would stand on a roster now.
  package var rosterMember: RosterMember {
    let usable = adapters.filter(\.usable)
    return RosterMember(
      node: identity.node, name: profile.name, owner: profile.owner, kind: profile.kind,
      certificate: identity.certificate, adapters: usable.map(\.name),
      sandboxed: usable.allSatisfy(\.sandboxed), total: assessor.reservations.total,
      priceMicroPerCPUSecond: profile.priceMicroPerCPUSecond)
  }

  private mutating func carryOut(_ effect: CoordinationEffects.Effect, _ turn: inout Turn) {
    switch effect {
    case .sign(let statement): sign(statement, for: .role, &turn)
    case .announce(let statement): sign(statement, for: .call, &turn)
    case .tell(let node, let statement, let deadline): tell(node, statement, deadline, &turn)
    case .inform(let node, let statement): sign(statement, for: .information(node), &turn)
    case .open(let body): open(body, &turn)
    case .follow(let id, let founder, let contract, let roster, let contacts):
      follow(
        id,
        Following(
          founder: founder, contract: contract, roster: roster, contacts: contacts.isEmpty ? nil : contacts), &turn)
    case .append(let id, let entry): append(entry.kind, entry.body, to: id, &turn)
    case .fetch(let reference, let nodes): fetch(reference, from: nodes, &turn)
    case .keep(let reference, let bytes): turn.act(.keep(reference, bytes))
    case .start(let order): turn.promise(.start(order))
    case .cancelWork(let attempt, let reason): turn.act(.cancelWork(attempt, reason: reason))
    case .release(let attempt): assessor.release(attempt)
    case .save(let key, let value):
      turn.write(.document(key: key, value: value.map { CanonicalJSON.encode($0) }))
    case .notice(let plane, let kind, let task, let collaboration, let node, let text):
      notice(plane, kind, task: task, collaboration: collaboration, node: node, text, &turn)
    }
  }

  mutating func notice(
    _ plane: String, _ kind: String, task: TaskID? = nil, collaboration: CollaborationID? = nil,
    node: NodeID? = nil, _ text: String, _ turn: inout Turn
  ) {
    let notice = NoticeView(
      timeMilliseconds: turn.now.wallMilliseconds, plane: plane, kind: kind, task: task,
      collaboration: collaboration, node: node, text: text)
    journal.append(notice)
    turn.act(.notice(notice))
  }

  mutating func fetch(_ reference: ObjectReference, from nodes: [NodeID], _ turn: inout Turn) {
    guard !objects.contains(reference.digest), fetching.insert(reference.digest).inserted else { return }
    let holders = nodes.compactMap { holder($0) }
    turn.act(.fetch(reference, from: holders))
  }

  // MARK: Work and objects

  mutating func worked(_ update: WorkUpdate, _ turn: inout Turn) {
    switch update {
    case .moved(let attempt, let stage, let reason, let nativeID, let nativeState):
      executor.moved(attempt, to: stage, reason: reason, nativeID: nativeID, nativeState: nativeState)
      if stage == .running {
        notice("resource", "attempt.running", task: attempt.task, "subtask \(attempt.subtask) runs here", &turn)
      }
    case .ended(let attempt, let result):
      for file in result.files { objects.insert(file.content.digest) }
      // What it used is free from now on; the ledger's word on the result comes later.
      assessor.release(attempt)
      executor.ended(attempt, result, at: turn.now)
      notice(
        "resource", result.failure == nil ? "attempt.succeeded" : "attempt.failed", task: attempt.task,
        "subtask \(attempt.subtask) \(result.failure.map { "failed: \($0.category), \($0.detail)" } ?? "succeeded")",
        &turn)
    }
  }

  mutating func objectChanged(_ update: ObjectUpdate, _ turn: inout Turn) {
    switch update {
    case .arrived(let reference):
      fetching.remove(reference.digest)
      resultArrived(reference.digest)
      guard objects.insert(reference.digest).inserted else { return }
      coordinate(&turn) { engine, context, effects, _ in
        engine.dispatcher.arrived(reference.digest, context: context, into: &effects)
        engine.executor.arrived(reference.digest, context: context, into: &effects)
      }
      readSpecifications(&turn)
    case .unavailable(let reference, let why):
      fetching.remove(reference.digest)
      resultUnavailable(reference.digest, at: turn.now)
      coordinate(&turn) { engine, context, effects, _ in
        engine.dispatcher.unavailable(reference.digest, context: context, into: &effects)
        engine.executor.unavailable(reference, why: why, context: context, into: &effects)
      }
    case .evicted(let digests): objects.subtract(digests)
    case .specification(let reference, let specification):
      readingSpecifications.remove(reference.digest)
      coordinate(&turn) { engine, context, effects, _ in
        engine.executor.specified(reference, specification, context: context, into: &effects)
      }
    }
  }

  mutating func readSpecifications(_ turn: inout Turn) {
    for reference in executor.unread(context(turn.now))
    where readingSpecifications.insert(reference.digest).inserted {
      turn.act(.readSpecification(reference))
    }
  }

  mutating func adaptersChanged(_ statuses: [AdapterStatus]) {
    adapters = statuses.sorted { $0.name < $1.name }
    var total = Amounts.zero
    for status in adapters where status.usable {
      total = Amounts(
        cpuMillicores: max(total.cpuMillicores, status.total.cpuMillicores),
        memoryBytes: max(total.memoryBytes, status.total.memoryBytes))
    }
    assessor.resize(
      to: Amounts(
        cpuMillicores: min(total.cpuMillicores, profile.offer.cpuMillicores),
        memoryBytes: min(total.memoryBytes, profile.offer.memoryBytes)))
  }
}
