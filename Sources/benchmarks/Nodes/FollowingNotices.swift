import Engine
import Interface
import Synchronization

/// The nodes whose notices come.
private final class Followed: Sendable {
  private let nodes = Mutex<Set<Int>>([])

  func insert(_ node: Int) { _ = nodes.withLock { $0.insert(node) } }

  func contains(_ all: [Int]) -> Bool { nodes.withLock { $0.isSuperset(of: all) } }
}

extension BenchmarkNetwork {
  /// Runs `body` while the notices of nodes are taken: once all that run now are followed. Nodes that start later
  /// are followed from when they listen; those that are killed, until then.
  ///
  /// - Parameter chosen: the nodes that are followed; nil for all.
  func following<Value: Sendable>(
    only chosen: Set<Int>? = nil, _ take: @escaping @Sendable (_ node: Int, NoticeView) -> Void,
    _ body: @escaping @Sendable () async throws -> Value
  ) async throws -> Value {
    let followed = Followed()
    let wanted = (0..<count).filter { chosen?.contains($0) ?? true }
    let running = wanted.filter { processes.process($0) != nil }
    return try await firstValue { group in
      for node in wanted {
        group.addTask {
          while processes.process(node) == nil { try await Task.sleep(for: .milliseconds(20)) }
          let member = try await member(node)
          do {
            try await member.client.notices(opened: { followed.insert(node) }) { notice in
              take(node, notice)
              return true
            }
          } catch  where processes.mayEnd(node) {
            return nil
          }
          guard processes.mayEnd(node) else { throw BenchmarkFailure("\(member.name) ended its notices") }
          return nil
        }
      }
      group.addTask {
        let deadline = ContinuousClock.now + .seconds(30)
        while !followed.contains(running) {
          guard ContinuousClock.now < deadline else { throw BenchmarkFailure("nodes do not tell their notices") }
          try await Task.sleep(for: .milliseconds(5))
        }
        return try await body()
      }
    }
  }
}
