internal import Engine
internal import Model
internal import Overlay

// What befalls processes and machines.
extension SimulatedNetwork {
  /// Of datagrams that wait for a stopped process, as its socket's buffer allows.
  private static let datagramBacklogLimit = 256
  private static let backlogLimit = 100_000

  /// The process dies; its links break and nothing of its memory stays.
  ///
  /// - Parameters:
  ///   - silently: its machine is gone with it, so that nobody is told.
  ///   - fate: of the transactions that wait to be synced; nil: as `diskFaults` has it.
  package func crash(_ index: Int, silently: Bool = false, unsynced fate: UnsyncedFate? = nil) {
    guard nodes[index].isUp else { return }
    faultCounts.count(silently ? .vanishing : .crash)
    if let fault = endLog(of: index, fate ?? drawnFate()) { faultCounts.count(fault) }
    end(index, silently: silently)
  }

  func end(_ index: Int, silently: Bool = false) {
    observations.wellbeing.struck(index, by: .down)
    observations.wellbeing.recovered(index, from: .paused, at: now.uptime)
    nodes[index].isUp = false
    nodes[index].isPaused = false
    nodes[index].generation += 1
    nodes[index].running = [:]
    nodes[index].timers = [:]
    nodes[index].backlog = []
    nodes[index].waitingDatagrams = 0
    observations.ended(index)
    for link in streams.links(of: index) {
      guard let end = streams.remove(link), streams[end.other] != nil else { continue }
      if silently || reach.isCut(from: index, to: end.otherNode) {
        faultCounts.count(.linkHalfOpen)
      } else {
        schedule(.linkClosed(end.other, .broken("reset")), at: end.otherNode, after: latency(index, end.otherNode))
      }
    }
  }

  package func restart(_ index: Int, after delay: Duration) {
    act(after: delay) { $0.begin(index) }
  }

  /// Starts a process that ended, unless something else starts it first.
  func startAgain(_ index: Int) {
    let generation = nodes[index].generation
    act(after: restartAfter) { network in
      if network.nodes[index].generation == generation { network.begin(index) }
    }
  }

  private func begin(_ index: Int) {
    guard !nodes[index].isUp else { return }
    faultCounts.count(.restart)
    do { try boot(index) } catch { breach("node \(index) does not start: \(error)") }
  }

  /// Stops the process as SIGSTOP does: what comes in waits, timers fire late.
  package func pause(_ index: Int) {
    guard nodes[index].isUp, !nodes[index].isPaused else { return }
    faultCounts.count(.pause)
    observations.wellbeing.struck(index, by: .paused)
    nodes[index].isPaused = true
  }

  package func resume(_ index: Int) {
    guard nodes[index].isPaused else { return }
    observations.wellbeing.recovered(index, from: .paused, at: now.uptime)
    nodes[index].isPaused = false
    nodes[index].waitingDatagrams = 0
    let backlog = nodes[index].backlog
    nodes[index].backlog = []
    for scheduled in backlog { timeline.add(scheduled, at: now.uptime) }
  }

  func keepWaiting(_ scheduled: Scheduled) {
    let index = scheduled.node
    if case .datagram = scheduled.event {
      guard nodes[index].waitingDatagrams < Self.datagramBacklogLimit else {
        return faultCounts.count(.datagramOverrun)
      }
      nodes[index].waitingDatagrams += 1
    }
    guard nodes[index].backlog.count < Self.backlogLimit else {
      return breach("over \(Self.backlogLimit) events wait for node \(index)")
    }
    nodes[index].backlog.append(scheduled)
  }

  /// An event for a process that is no more.
  func missed(_ scheduled: Scheduled) {
    switch scheduled.event {
    case .datagram: faultCounts.count(.datagramUndeliverable)
    case .greeting(let dial, _): lost(dial, at: scheduled.node)
    case .greetingTimeout(let dial): dials[dial] = nil
    default: break
    }
  }

  /// Says goodbye and ends the process a moment later.
  package func leave(_ index: Int) throws {
    guard nodes[index].isUp, let current = nodes[index].engine.overlay.ownMemberRecord else { return }
    faultCounts.count(.leaving)
    observations.wellbeing.struck(index, by: .down)
    let incarnation = MemberRecord.incarnation(
      above: max(current.incarnation, nodes[index].incarnation), wallMilliseconds: moment(at: index).wallMilliseconds)
    nodes[index].incarnation = incarnation
    let record = MemberRecord(
      name: current.name, kind: current.kind, addresses: current.addresses, certificate: current.certificate,
      admission: current.admission, datagramKey: current.datagramKey, incarnation: incarnation,
      instance: current.instance, startedMilliseconds: current.startedMilliseconds, leaving: true)
    command(.leave(try nodes[index].identity.sign(record)), at: index)
    let generation = nodes[index].generation
    act(after: .milliseconds(200)) { network in
      if network.nodes[index].generation == generation { network.crash(index) }
    }
  }

  /// A host's wall clock steps.
  package func stepClock(_ index: Int, byMilliseconds milliseconds: Int64) {
    faultCounts.count(.clockStep)
    nodes[index].clock.step(byMilliseconds: milliseconds)
  }

  /// A host's uptime runs faster from now on, or slower.
  package func driftClock(_ index: Int, ppm: Int) {
    faultCounts.count(.clockDrift)
    nodes[index].clock.drift(ppm: ppm, at: now)
  }
}
