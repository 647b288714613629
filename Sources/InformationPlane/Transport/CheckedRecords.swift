import DequeModule
import Model
import Overlay
import Synchronization

/// Member records whose chain of signatures was checked here before, so that it is checked once. The oldest go out.
final class CheckedRecords: Sendable {
  private struct State {
    var members: [StatementID: CheckedMember] = [:]
    var order: Deque<StatementID> = []
  }

  private let state = Mutex(State())
  private let limit: Int

  init(limit: Int) {
    self.limit = limit
  }

  func insert(_ member: CheckedMember) {
    state.withLock { state in
      guard state.members.updateValue(member, forKey: member.signed.id) == nil else { return }
      state.order.append(member.signed.id)
      if state.order.count > limit, let oldest = state.order.popFirst() { state.members[oldest] = nil }
    }
  }

  /// What was checked of exactly this record, its signature included.
  func find(_ signed: SignedStatement) -> CheckedMember? {
    state.withLock { state in
      guard let member = state.members[signed.id], member.signed == signed else { return nil }
      return member
    }
  }
}
