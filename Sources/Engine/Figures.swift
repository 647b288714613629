internal import Consensus
internal import Contract
internal import Coordination
internal import Model
internal import Overlay
internal import Resources

// Resources and tasks, told to coordinators and asked by them (R61).
extension NodeEngine {
  /// What this node has and does now.
  var ownFigures: PeerMessage.Report {
    PeerMessage.Report(
      total: assessor.reservations.total, committed: assessor.reservations.committed,
      running: executor.attempts.values.count { $0.stage == .running },
      openTasks: Set(executor.attempts.keys.map(\.task)).count)
  }

  private var coordinators: Set<NodeID> {
    Set(
      books.values.filter {
        $0.coordinator != identity.node && $0.roster[identity.node] != nil && broken[$0.id] == nil
          && $0.council == nil
      }
      .map(\.coordinator))
  }

  private var participants: Set<NodeID> {
    books.values.filter { $0.coordinator == identity.node && broken[$0.id] == nil && $0.council == nil }
      .reduce(into: Set<NodeID>()) { $0.formUnion($1.roster.members.map(\.node)) }
      .subtracting([identity.node])
  }

  /// Tells and asks what is due; the timer is set only while there is somebody to tell or to ask.
  mutating func exchangeFigures(_ turn: inout Turn) {
    let (coordinators, participants) = (coordinators, participants)
    guard !coordinators.isEmpty || !participants.isEmpty else { return }
    let own = ownFigures
    let round = figures.round(
      own, coordinators: coordinators, participants: participants, linked: Set(overlay.linkedPeers),
      at: turn.now.uptime)
    for node in round.tell { overlayStep(.sendMessage(.report(own), to: node), &turn) }
    for node in round.ask { overlayStep(.sendMessage(.reportRequest, to: node), &turn) }
    if let wait = figures.timer(for: round, at: turn.now.uptime) { turn.act(.setTimer(.figures, after: wait)) }
  }

  /// While this node is busy something changes all the time: a look each second is enough.
  mutating func figuresMayDiffer(_ turn: inout Turn) {
    guard let patience = figures.patience(at: turn.now.uptime) else { return exchangeFigures(&turn) }
    if let wait = figures.timer(for: patience, at: turn.now.uptime) { turn.act(.setTimer(.figures, after: wait)) }
  }

  mutating func reportRequested(by node: NodeID, _ turn: inout Turn) {
    guard coordinators.contains(node) else { return journal.count("control: figures asked by no coordinator") }
    guard reportPace.admits(node, at: turn.now) else { return journal.count("control: figures asked over the rate") }
    overlayStep(.sendMessage(.report(ownFigures), to: node), &turn)
  }

  mutating func reported(_ report: PeerMessage.Report, by node: NodeID, _ turn: inout Turn) {
    guard participants.contains(node) else { return journal.count("control: figures of no participant") }
    figures.take(report, of: node, at: turn.now)
  }

  /// A participant's own word of what it has and does; this node's is of now.
  func told(by node: NodeID, at now: Moment) -> ParticipantView.Told? {
    let heard =
      node == identity.node ? FigureExchange.Received(report: ownFigures, at: now) : figures.received[node]
    guard let heard else { return nil }
    let report = heard.report
    return ParticipantView.Told(
      total: report.total,
      free: Amounts(
        cpuMillicores: max(0, report.total.cpuMillicores - report.committed.cpuMillicores),
        memoryBytes: max(0, report.total.memoryBytes - report.committed.memoryBytes)),
      running: report.running, openTasks: report.openTasks, timeMilliseconds: heard.at.wallMilliseconds,
      stale: now.uptime - heard.at.uptime > FigureExchange.staleAfter)
  }
}
