/// What a process carries out that a crash can come right before or right after. It is numbered as it comes, from 1 at
/// each start of the process.
package enum ProcessEffect: Hashable, Sendable {
  /// Hands a step's writes over to the disk.
  case handOver(step: UInt64)
  /// A step's writes become durable; the engine is told later.
  case sync(step: UInt64)
  /// Performs one action of a step.
  case action
}

/// A crash that comes around one effect of a process.
package struct CrashPoint: Hashable, Sendable {
  package let node: Int
  /// The effect's number since the process started, from 1.
  package let effect: Int
  /// Whether the crash comes after the effect, or before it.
  package let isAfter: Bool
  /// What becomes of the transactions that wait to be synced; nil: as the world's `diskFaults` has it.
  package let unsynced: UnsyncedFate?

  package init(node: Int, effect: Int, isAfter: Bool, unsynced: UnsyncedFate? = nil) {
    self.node = node
    self.effect = effect
    self.isAfter = isAfter
    self.unsynced = unsynced
  }
}

extension SimulatedNetwork {
  /// Carries out one effect of a node's process, unless the process dies before it.
  ///
  /// - Returns: whether the process lives on.
  func carryOut(_ effect: ProcessEffect, of index: Int, _ body: () -> Void) -> Bool {
    nodes[index].effects += 1
    let number = nodes[index].effects
    let generation = nodes[index].generation
    effectSeen?(index, number, effect)
    if dies(index, at: number, isAfter: false) { return false }
    body()
    if dies(index, at: number, isAfter: true) { return false }
    return nodes[index].generation == generation
  }

  private func dies(_ index: Int, at number: Int, isAfter: Bool) -> Bool {
    guard let point = crashPoint, point.node == index, point.effect == number, point.isAfter == isAfter else {
      return false
    }
    crashPoint = nil
    crash(index, unsynced: point.unsynced)
    startAgain(index)
    return true
  }
}
