internal import Consensus
internal import Contract
internal import Engine
package import Ledger
package import Model
package import Overlay

extension SimulatedNetwork {
  /// A node's overlay is told what its engine would not tell it.
  ///
  /// - Parameter input: nothing that the engine would have to write down.
  package func tell(_ input: OverlayInput, to index: Int) {
    var turn = Turn(now: moment(at: index), random: random)
    nodes[index].engine.overlayStep(input, &turn)
    random = turn.random
    for action in turn.actions {
      guard carryOut(.action, of: index, { perform(action, of: index) }) else { return }
    }
    observeOverlay(of: index)
  }

  /// A node says something that its engine would not say, signed by its own key.
  @discardableResult
  package func say(
    _ body: some StatementBody, from: Int, to: Int, in collaboration: CollaborationID?, within: Duration = .seconds(5)
  ) throws -> StatementID {
    let signed = try nodes[from].identity.sign(body, collaboration: collaboration)
    tell(.send(signed, to: nodes[to].id, within: within), to: from)
    return signed.id
  }

  /// A node sends a message that its engine would not send.
  package func send(_ message: PeerMessage, from: Int, to: Int) {
    tell(.sendMessage(message, to: nodes[to].id), to: from)
  }

  /// What came of an event at a node.
  package func result(of id: StatementID, at index: Int) -> String? {
    nodes[index].disk.event(id.hexadecimal).map { EventView($0).result }
  }
}

extension SimulatedNetwork {
  /// The next entry of a ledger as its coordinator signed it, whatever the contract says of it.
  package func illegalEntry(of id: CollaborationID) throws -> (entry: Entry, proposal: SignedProposal) {
    guard let index = nodes.firstIndex(where: { $0.engine.books[id]?.coordinator == $0.id }),
      var chain = nodes[index].engine.consensus.head(of: id), let book = nodes[index].engine.books[id]
    else { throw Refusal(.failed, "no coordinator") }
    let entry = try chain.extend(
      kind: "nonsense", body: .null, term: chain.term, timeMilliseconds: now.wallMilliseconds,
      configuration: book.configuration.hash)
    let body = Proposal(
      term: entry.term, configuration: book.configuration.hash, first: entry.number, last: entry.number,
      head: entry.hash)
    return (entry, try SignedProposal(nodes[index].identity.sign(body, collaboration: id)))
  }
}

extension SimulatedNetwork {
  /// Puts a fact on the link between two nodes, as a relay would.
  package func transmit(fact: SignedStatement, from: Int, to: Int) {
    guard let link = links(from: from, to: to).first else { preconditionFailure("no link from \(from) to \(to)") }
    transmit(RawTraffic.fact(fact, hops: 1), on: link, .control)
  }
}
