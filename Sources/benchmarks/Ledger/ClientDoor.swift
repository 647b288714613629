import NIOCore
import NIOPosix
import Synchronization

/// Where a member's clients come in. What came while the member was busy is taken together.
final class ClientDoor: Sendable {
  enum Arrival: Sendable {
    case opened(any Channel)
    case message(ClientMessage, any Channel)
    case closed(any Channel)
  }

  /// Far above what closed loops of clients can have under way.
  private static let limit = 65_536

  private let waiting = Mutex<[Arrival]>([])
  private let rings: AsyncStream<Void>
  private let bell: AsyncStream<Void>.Continuation

  init() {
    (rings, bell) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
  }

  /// Listens on the event loop that it is called on, until cancelled.
  func run(port: Int, _ take: @Sendable ([Arrival]) async -> Void) async throws {
    guard let loop = MultiThreadedEventLoopGroup.currentEventLoop else {
      throw BenchmarkFailure("clients are served on an event loop only")
    }
    let server = try await ServerBootstrap(group: loop)
      .serverChannelOption(.backlog, value: 256)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandlers(
            ByteToMessageHandler(MessageCutter()), ClientHandler(door: self))
        }
      }
      .bind(host: "127.0.0.1", port: port).get()
    for await _ in rings {
      while let arrivals = next() { await take(arrivals) }
    }
    try? await server.close()
  }

  private func next() -> [Arrival]? {
    waiting.withLock { waiting in
      defer { waiting.removeAll(keepingCapacity: true) }
      return waiting.isEmpty ? nil : waiting
    }
  }

  fileprivate func put(_ arrival: Arrival) -> Bool {
    let fits = waiting.withLock { waiting in
      guard waiting.count < Self.limit else { return false }
      waiting.append(arrival)
      return true
    }
    bell.yield()
    return fits
  }
}

private final class ClientHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  private let door: ClientDoor

  init(door: ClientDoor) {
    self.door = door
  }

  func channelActive(context: ChannelHandlerContext) {
    if !door.put(.opened(context.channel)) { context.close(promise: nil) }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard let message = ClientMessage(unwrapInboundIn(data)), door.put(.message(message, context.channel)) else {
      return context.close(promise: nil)
    }
  }

  func channelInactive(context: ChannelHandlerContext) { _ = door.put(.closed(context.channel)) }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
