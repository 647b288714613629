internal import Contract
internal import Model

// Why a person's command on a collaboration is not taken up, said the same way by all of them.
extension NodeEngine {
  func refuse(
    _ command: CommandID, _ kind: Refusal.Kind, _ text: String, next: String, _ turn: inout Turn
  ) {
    turn.act(.answer(command, .failure(Refusal(kind, text, next: next))))
  }

  /// The ledger of a collaboration that this node follows; nil once the command is refused.
  ///
  /// - Parameter unknown: what is said where the collaboration is not known here.
  func followed(
    _ id: CollaborationID, _ command: CommandID, unknown: String = "no such collaboration is open here",
    _ turn: inout Turn
  ) -> CollaborationState? {
    if let why = broken[id] {
      refuse(command, .conflict, haltedText(id, why), next: nextAfterHalt(of: id), &turn)
      return nil
    }
    guard let book = books[id] else {
      refuse(command, .notFound, unknown, next: "jointcloud collaboration list", &turn)
      return nil
    }
    return book
  }

  func haltedText(_ id: CollaborationID, _ why: String) -> String {
    "this node follows collaboration \(id.short) no further: \(why)"
  }

  private func nextAfterHalt(of id: CollaborationID) -> String {
    successor(of: id).map { "jointcloud collaboration show \($0.short)" } ?? "jointcloud collaboration list"
  }
}
