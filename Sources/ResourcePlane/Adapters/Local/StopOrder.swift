internal import Resources
internal import Synchronization

/// Tells a running command to end; the first reason stands.
final class StopOrder: Sendable {
  private let order = Mutex<WorkFailure?>(nil)

  func give(_ failure: WorkFailure) {
    order.withLock { if $0 == nil { $0 = failure } }
  }

  var given: WorkFailure? { order.withLock { $0 } }
}
