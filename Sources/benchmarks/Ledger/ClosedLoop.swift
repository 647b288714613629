import NIOCore
import NIOPosix
import Synchronization

/// Counts what clients complete while they are measured.
final class LoadMeter: Sendable {
  private struct State {
    var count = 0
    var isOver = false
  }

  private let state = Mutex(State())
  private let failures: AsyncStream<any Error>
  private let failure: AsyncStream<any Error>.Continuation

  init() {
    (failures, failure) = AsyncStream.makeStream(of: (any Error).self, bufferingPolicy: .bufferingOldest(1))
  }

  /// - Returns: whether the client is to go on.
  func completed() -> Bool {
    state.withLock { state in
      state.count += 1
      return !state.isOver
    }
  }

  func failed(_ error: any Error) {
    if !state.withLock({ $0.isOver }) { failure.yield(error) }
  }

  fileprivate var count: Int { state.withLock { $0.count } }

  fileprivate func end() { state.withLock { $0.isOver = true } }

  fileprivate func untilFailed() async throws {
    for await error in failures { throw error }
  }
}

/// Clients that each send the next request once the one before is answered.
enum ClosedLoop {
  private static let warmUp = Duration.seconds(1)

  /// Requests completed a second.
  ///
  /// - Parameter connect: connects one client, which begins at once.
  static func perSecond(
    clients: Int, for duration: Duration, _ connect: @escaping @Sendable (Int, LoadMeter) async throws -> any Channel
  ) async throws -> Double {
    let meter = LoadMeter()
    var channels: [any Channel] = []
    for number in 0..<clients { channels.append(try await connect(number, meter)) }
    let rate: Double = try await firstValue { group in
      group.addTask {
        try await meter.untilFailed()
        return nil
      }
      group.addTask {
        // Connections, caches and batches settle.
        try await Task.sleep(for: warmUp)
        let (before, start) = (meter.count, ContinuousClock.now)
        try await Task.sleep(for: duration)
        return Double(meter.count - before) / (ContinuousClock.now - start).inSeconds
      }
    }
    meter.end()
    // What is closed already is closed.
    for channel in channels { try? await channel.close() }
    return rate
  }
}

/// Connects to loopback; tries again while nobody listens yet.
enum LoopbackConnection {
  private static let retryAfter = Duration.milliseconds(5)

  static func open(
    port: Int, within limit: Duration = .seconds(30),
    _ prepare: @escaping @Sendable (any Channel) throws -> Void
  ) async throws -> any Channel {
    let deadline = ContinuousClock.now + limit
    while true {
      do {
        return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
          .channelOption(.tcpOption(.tcp_nodelay), value: 1)
          .channelInitializer { channel in channel.eventLoop.makeCompletedFuture { try prepare(channel) } }
          .connect(host: "127.0.0.1", port: port).get()
      } catch {
        guard ContinuousClock.now < deadline else {
          throw BenchmarkFailure("nobody takes connections on 127.0.0.1:\(port) after \(Int(limit.inSeconds)) s")
        }
        try await Task.sleep(for: retryAfter)
      }
    }
  }
}
