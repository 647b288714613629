internal import Engine
internal import Model
internal import Overlay

// Whether what must come of a scenario came.
extension ScenarioRun {
  /// - Returns: in words, what is missing; nil when nothing is.
  func miss(_ what: ScenarioExpectation.What) -> String? {
    let observations = network.observations
    switch what {
    case .allSeeAll: return unseen(network.live, .alive, by: nil)
    case .see(let nodes, let state, let observers): return unseen(nodes, state, by: observers)
    case .noFalseDeaths:
      guard let first = observations.falseDeaths.first else { return nil }
      return "\(observations.falseDeathCount) false deaths; the first: node \(first.observer) of node "
        + "\(first.subject) at \(first.at - SimulatedNetwork.start.uptime)"
    case .noHastyRemovals:
      guard let first = observations.hastyRemovals.first else { return nil }
      return "\(observations.hastyRemovals.count) removals on too few words; the first: node \(first.observer) of "
        + "node \(first.subject) at \(first.at - SimulatedNetwork.start.uptime)"
    case .broadcastsMissed(let most):
      let count = missed.reduce(0) { $0 + $1.nodes.count }
      guard count > most, let first = missed.first else { return nil }
      return "\(count) deliveries are missing; the first: \(first.text) at nodes \(first.nodes.prefix(10))"
    case .broadcastsRepeated(let most):
      return repeats > most ? "\(repeats) repeated deliveries, over \(most)" : nil
    case .copies(let most):
      return copiesPermille > most ? "\(copiesPermille) copies in 1,000 facts, over \(most)" : nil
    case .hops(let most): return hops > most ? "a fact came over \(hops) links, over \(most)" : nil
    case .fired(let kinds):
      let idle = kinds.filter { network.faultCounts[$0] == 0 }
      return idle.isEmpty ? nil : "never came about: \(idle.map(\.rawValue).joined(separator: ", "))"
    case .dropped(let reason, let least):
      let count = network.nodes.reduce(0) { $0 + ($1.engine.dropped[reason] ?? 0) }
      return count < least ? "\(reason) was counted \(count) times, under \(least)" : nil
    case .suspicions(let least):
      let count = observations.falseSuspicionCount
      return count < least ? "\(count) suspicions of nodes that were well, under \(least)" : nil
    case .strangeAnnouncements(let most):
      let worst = observations.strangeAnnouncements.values.max() ?? 0
      return worst > most ? "a node took \(worst) announcements of a flood, over \(most)" : nil
    case .namesClone(let index): return unnamedClone(index)
    case .capturedAll:
      guard let captured else { return "nothing was captured" }
      return captured.datagramCount == captured.total
        ? nil : "\(captured.datagramCount) of \(captured.total) datagrams were kept"
    }
  }

  private func unnamedClone(_ index: Int) -> String? {
    let uptime = network.now.uptime
    let node = network.nodes[index].identity.node
    let processes = network.live.filter { network.nodes[$0].identity.node == node }
    if let process = processes.first(where: { !network.nodes[$0].engine.overlay.metOwnKeyLately(at: uptime) }) {
      return "process \(process) does not know that another one has its key"
    }
    let isKnown = network.live.contains {
      network.nodes[$0].engine.overlay.membersRunningTwice(at: uptime).contains(node)
    }
    return isKnown ? nil : "no other node knows that two processes have the key of node \(index)"
  }

  private func unseen(_ subjects: [Int], _ state: MemberState, by chosen: [Int]?) -> String? {
    let observers = network.live.filter { chosen?.contains($0) ?? true }
    guard let first = network.firstMiss(observers, subjects, [state]) else { return nil }
    let count = observers.reduce(0) { sum, observer in
      sum
        + subjects.count { subject in
          guard subject != observer else { return false }
          return network.observations.sighting(of: subject, by: observer)?.state != state
        }
    }
    return "\(count) pairs do not hold; the first: node \(first.observer) holds node \(first.subject) "
      + "for \(first.state?.rawValue ?? "nobody")"
  }
}
