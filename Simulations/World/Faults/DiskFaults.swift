/// What happens to disks, each in parts of 1,000.
package struct DiskFaults: Hashable, Sendable {
  /// Of crashes: some of the oldest transactions that wait to be synced are durable all the same, how many is drawn.
  /// At all other crashes none of them is.
  package var partialLossPermille = 0
  /// Of crashes: the log ends inside a transaction.
  package var tearPermille = 0
  /// Of group commits, and of the first write of a start: it fails, and the process ends.
  package var failurePermille = 0

  package init() {}
}

/// What becomes of transactions that were handed over and not synced when their process ends. Nobody was told that
/// they are durable, whatever becomes of them; and never is a later one there without those before it.
package enum UnsyncedFate: Hashable, Sendable, CaseIterable {
  /// None is durable.
  case lost
  /// All are durable.
  case kept
  /// A drawn number of the oldest is durable, from none to all.
  case cut
  /// As `cut`, and of the next one some writes reached the log, but not its end.
  case torn
}
