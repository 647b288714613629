import Model
import Overlay

@testable import Engine

extension SimulatedNetwork {
  /// A node says something that its engine would not say, signed by its own key.
  @discardableResult
  func say(_ body: some StatementBody, from: Int, to: Int, in collaboration: CollaborationID?) throws -> StatementID {
    let signed = try nodes[from].identity.sign(body, collaboration: collaboration)
    var turn = Turn(now: now, random: random)
    nodes[from].engine.overlayStep(.send(signed, to: nodes[to].id, within: .seconds(5)), &turn)
    random = turn.random
    for action in turn.actions { perform(action, of: from) }
    return signed.id
  }

  /// What came of an event at a node.
  func result(of id: StatementID, at index: Int) -> String? {
    nodes[index].engine.eventView(id.hexadecimal)?.result
  }
}
