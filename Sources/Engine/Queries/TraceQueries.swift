internal import Consensus
internal import Contract
internal import Coordination
internal import Ledger
public import Model
public import Overlay

// What people ask about traces.
extension NodeEngine {
  /// Nodes that are asked about one trace at most.
  static let traceAudienceLimit = 32

  /// What this node knows of a trace: broadcasts, statements for single peers, events, ledger entries and
  /// notices, in order of time.
  ///
  /// - Parameter finished: the trace's events that were handled or given up, in order of arrival.
  public func traceViews(_ id: TraceID, finished: [EventView]) -> [TraceView] {
    let all = Set(books.keys)
    return traceViews(id, finished: finished, in: nil, entriesOf: all)
  }

  /// - Parameters:
  ///   - visible: collaborations that may be told of; nil for all, and for what belongs to none.
  ///   - entriesOf: collaborations whose ledger entries are told.
  func traceViews(
    _ id: TraceID, finished: [EventView], in visible: Set<CollaborationID>?, entriesOf: Set<CollaborationID>
  ) -> [TraceView] {
    func isVisible(_ collaboration: CollaborationID?) -> Bool {
      guard let visible else { return true }
      return collaboration.map(visible.contains) ?? false
    }
    var out = passageViews(id)
    out += deliveries.of(id).filter { isVisible($0.collaboration) }.map { delivery in
      TraceView(
        timeMilliseconds: delivery.milliseconds, plane: "information", node: identity.node, nodeName: profile.name,
        what: "message.\(delivery.outcome.rawValue)",
        detail: "\(delivery.purpose) to \(distinctName(of: delivery.destination))")
    }
    out += finished.filter { isVisible($0.collaboration) }.map { event in
      TraceView(
        timeMilliseconds: event.arrivalMilliseconds, plane: "business", node: identity.node, nodeName: profile.name,
        what: event.kind, detail: event.result)
    }
    var tasks: Set<TaskID> = []
    for (collaboration, book) in books where isVisible(collaboration) {
      tasks.formUnion(book.tasks.values.filter { $0.submission.trace == id }.map(\.id))
    }
    for collaboration in consensus.collaborations where entriesOf.contains(collaboration) {
      out += entryViews(of: collaboration, trace: id, tasks: tasks)
    }
    out += journal.notices.filter { $0.task.map(tasks.contains) ?? false }.map {
      TraceView(
        timeMilliseconds: $0.timeMilliseconds, plane: $0.plane, node: identity.node, nodeName: profile.name,
        what: $0.kind, detail: $0.text)
    }
    return Self.inOrder(out)
  }

  private func passageViews(_ id: TraceID) -> [TraceView] {
    passages.of(id).map { passage in
      let links = passage.links == 1 ? "1 link" : "\(passage.links) links"
      let detail =
        passage.links == 0
        ? "said here"
        : "from \(distinctName(of: passage.via)), \(links) from its author \(distinctName(of: passage.author))"
      return TraceView(
        timeMilliseconds: passage.milliseconds, plane: "information", node: identity.node, nodeName: profile.name,
        what: passage.purpose, detail: detail, via: passage.via, links: passage.links)
    }
  }

  private func entryViews(of collaboration: CollaborationID, trace: TraceID, tasks: Set<TaskID>) -> [TraceView] {
    let last = consensus.decidedNumber(of: collaboration)
    guard last > 0, let book = books[collaboration] else { return [] }
    return (1...last).compactMap { number in
      guard let entry = consensus.entry(number, of: collaboration),
        Self.mentions(entry.record.body, trace: trace, tasks: tasks)
      else { return nil }
      return TraceView(
        timeMilliseconds: entry.record.timeMilliseconds, plane: "information", node: book.coordinator,
        nodeName: name(of: book.coordinator), what: entry.kind,
        detail: "entry \(number) of ledger \(collaboration.short)")
    }
  }

  private static func mentions(_ body: JSON, trace: TraceID, tasks: Set<TaskID>) -> Bool {
    func value(_ json: JSON?) -> Bool {
      guard let text = json?.stringValue, let digest = Digest(hexadecimal: text) else { return false }
      return TraceID(digest) == trace || tasks.contains(TaskID(digest))
    }
    func inside(_ json: JSON?) -> Bool { value(json?["trace"]) || value(json?["task"]) }
    return inside(body)
      || ["submission", "offer", "answer", "report"].contains { inside(body[$0]?["statement"]?["body"]) }
  }

  // MARK: Over all nodes

  /// Who may know of a trace.
  public struct TraceAudience: Sendable, Hashable {
    /// Those that are to be asked: at most `traceAudienceLimit`, and those first who brought what this node heard of it.
    public var asked: [NodeID] = []
    /// Those that are too many.
    public var beyondLimit: [NodeID] = []
    /// Those to whom there is no stream, sorted.
    public var unlinked: [NodeID] = []
  }

  /// Who may know of a trace: the members of its collaborations and who submitted its tasks, or, where it belongs to
  /// none that is known here, all that have not left the network.
  public func traceAudience(_ id: TraceID) -> TraceAudience {
    var wanted: Set<NodeID> = []
    for book in books.values {
      let tasks = book.tasks.values.filter { $0.submission.trace == id }
      guard !tasks.isEmpty || negotiator.negotiations[book.id]?.trace == id else { continue }
      wanted.formUnion(book.roster.members.map(\.node) + [book.coordinator] + tasks.map(\.submitter))
    }
    if wanted.isEmpty { wanted = Set(overlay.members.filter { $0.state != .left }.map(\.id)) }
    wanted.remove(identity.node)
    let bringers = Set(passages.of(id).map(\.via))
    let (first, others) = overlay.linkedPeers.filter(wanted.contains).reduce(into: ([NodeID](), [NodeID]())) {
      if bringers.contains($1) { $0.0.append($1) } else { $0.1.append($1) }
    }
    let linked = first + others
    return TraceAudience(
      asked: Array(linked.prefix(Self.traceAudienceLimit)),
      beyondLimit: Array(linked.dropFirst(Self.traceAudienceLimit)), unlinked: wanted.subtracting(linked).sorted())
  }

  /// One list of what this node and the others know. Who did not answer is named in a row of its own, who was not asked
  /// in one row for each reason, and a clock by which something arrived before it was sent beside what it dates.
  public func traceMerged(
    _ own: [TraceView], replies: [NodeID: PeerMessage.TraceReply], from audience: TraceAudience, at now: Moment
  ) -> [TraceView] {
    var out = own
    for (node, reply) in replies.sorted(by: { $0.key < $1.key }) {
      for hop in reply.hops {
        let isForeign = hop.node != node
        out.append(
          TraceView(
            timeMilliseconds: hop.milliseconds, plane: hop.plane, node: hop.node, nodeName: name(of: hop.node),
            what: hop.what, detail: isForeign ? "\(hop.detail) (as \(distinctName(of: node)) says)" : hop.detail,
            via: hop.passage?.via, links: hop.passage?.links))
      }
      if let problem = reply.problem { out.append(remark(node, TraceView.incomplete, problem, now)) }
    }
    for node in audience.asked where replies[node] == nil {
      out.append(remark(node, TraceView.unanswered, "it did not say what it knows: that is missing here", now))
    }
    for (nodes, why) in [(audience.unlinked, "no stream from here"), (audience.beyondLimit, "too many to ask")]
    where !nodes.isEmpty {
      let detail = "\(named(nodes)): \(why), so what they know is missing"
      out.append(remark(identity.node, TraceView.notAsked, detail, now))
    }
    return Self.inOrder(Self.withClocks(out))
  }

  /// Names that stand in a row of those who were not asked; the others are counted.
  private static let namesInRow = 6

  private func named(_ nodes: [NodeID]) -> String {
    let names = nodes.prefix(Self.namesInRow).map { node in
      distinctName(of: node) + (overlay.member(node)?.state == .failed ? " (failed)" : "")
    }
    let others = nodes.count > names.count ? " and \(nodes.count - names.count) more" : ""
    return names.joined(separator: ", ") + others
  }

  private func remark(_ node: NodeID, _ what: String, _ detail: String, _ now: Moment) -> TraceView {
    TraceView(
      timeMilliseconds: now.wallMilliseconds, plane: "information", node: node, nodeName: name(of: node), what: what,
      detail: detail)
  }

  /// A broadcast that reached a node before its bringer had it: two clocks differ by at least that much.
  private static func withClocks(_ views: [TraceView]) -> [TraceView] {
    struct Arrival: Hashable {
      let node: NodeID
      let what: String
    }
    let arrivals = views.filter { $0.via != nil }
    let earliest = Dictionary(
      arrivals.map { (Arrival(node: $0.node, what: $0.what), $0.timeMilliseconds) }, uniquingKeysWith: min)
    return views.map { view in
      guard let via = view.via, via != view.node,
        let before = earliest[Arrival(node: via, what: view.what)], view.timeMilliseconds < before
      else { return view }
      var marked = view
      marked.detail += "; its clock is \(before - view.timeMilliseconds) ms or more behind its bringer's"
      return marked
    }
  }

  /// By time; within one millisecond each source keeps its own order: what was planned stands before what was offered.
  private static func inOrder(_ views: [TraceView]) -> [TraceView] {
    views.enumerated()
      .sorted { ($0.element.timeMilliseconds, $0.offset) < ($1.element.timeMilliseconds, $1.offset) }
      .map(\.element)
  }
}
