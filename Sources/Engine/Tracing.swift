internal import Consensus
internal import Contract
public import Model
public import Overlay

// Where broadcasts passed, and what other nodes may hear of a trace (R25).
extension NodeEngine {
  /// A broadcast was said here, or came here through a peer.
  mutating func notePassage(_ signed: SignedStatement, via node: NodeID, links: Int, _ turn: inout Turn) {
    guard let trace = signed.statement.body["trace"]?.stringValue.flatMap(TraceID.init(hexadecimal:)) else { return }
    passages.add(
      .init(
        trace: trace, purpose: signed.statement.purpose.name, author: signed.statement.author, via: node, links: links,
        milliseconds: turn.now.wallMilliseconds))
  }

  /// What became of a statement for one peer.
  mutating func noteDelivery(of message: StoredMessage, _ outcome: Deliveries.Outcome, at now: Moment) {
    let statement = message.statement
    guard let trace = statement.body["trace"]?.stringValue.flatMap(TraceID.init(hexadecimal:)) else { return }
    deliveries.add(
      .init(
        trace: trace, purpose: statement.purpose.name, collaboration: statement.collaboration,
        destination: message.destination, outcome: outcome, milliseconds: now.wallMilliseconds))
  }

  mutating func traceRequested(_ request: PeerMessage.TraceRequest, by node: NodeID, _ turn: inout Turn) {
    guard tracePace.admits(node, at: turn.now) else {
      return journal.count("information: trace requests over the rate")
    }
    turn.act(.traceRequested(request, by: node))
  }

  /// What another node may hear of a trace: broadcasts were for everybody; the rest is for members of the collaboration
  /// and for who submitted the task.
  ///
  /// - Parameter finished: the trace's events that were handled or given up, in order of arrival.
  public func traceReply(
    to request: PeerMessage.TraceRequest, from node: NodeID, finished: [EventView]
  ) -> PeerMessage.TraceReply {
    let visible = Set(books.keys.filter { mayTrace(request.trace, of: $0, node) })
    // Who follows a ledger has its entries.
    let unread = visible.filter { books[$0]?.roster[node] == nil && books[$0]?.coordinator != node }
    let views = traceViews(request.trace, finished: finished, in: visible, entriesOf: unread)
    let shown = views.prefix(PeerMessage.TraceReply.hopLimit)
    let hops = shown.map { view in
      PeerMessage.TraceHop(
        milliseconds: view.timeMilliseconds, plane: view.plane, what: view.what, detail: view.detail, node: view.node,
        passage: view.via.map { .init(via: $0, links: view.links ?? 0) })
    }
    let left = views.count - shown.count
    return PeerMessage.TraceReply(
      number: request.number, hops: Array(hops), problem: left > 0 ? "\(left) later ones are left out" : nil)
  }

  private func mayTrace(_ trace: TraceID, of id: CollaborationID, _ node: NodeID) -> Bool {
    guard let book = books[id] else { return false }
    return book.coordinator == node || book.roster[node] != nil
      || book.tasks.values.contains { $0.submission.trace == trace && $0.submitter == node }
  }
}
