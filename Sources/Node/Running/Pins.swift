internal import Model
package import Storage
internal import Synchronization

/// Keeps objects from giving way while somebody here needs them: the inputs and results of open tasks, and the
/// inputs of attempts that run.
package final class Pins: Sendable {
  enum Owner: Hashable, Sendable {
    case task(TaskID)
    case attempt(AttemptID)
  }

  private let objects: ObjectStore
  private let pinned = Mutex<[Owner: Set<Digest>]>([:])

  package init(_ objects: ObjectStore) {
    self.objects = objects
  }

  /// - Parameter isMore: only for an owner that holds something already: one that has let go needs nothing any more.
  /// - Returns: those that are not here, ascending.
  @discardableResult
  func hold(_ digests: some Sequence<Digest>, for owner: Owner, isMore: Bool = false) -> [Digest] {
    pinned.withLock { pinned in
      if isMore, pinned[owner] == nil { return [] }
      var held = pinned[owner] ?? []
      var missing: [Digest] = []
      for digest in Set(digests).subtracting(held).sorted() {
        if objects.pin(digest) { held.insert(digest) } else { missing.append(digest) }
      }
      pinned[owner] = held
      return missing
    }
  }

  func letGo(_ owner: Owner) {
    for digest in pinned.withLock({ $0.removeValue(forKey: owner) }) ?? [] { objects.unpin(digest) }
  }
}
