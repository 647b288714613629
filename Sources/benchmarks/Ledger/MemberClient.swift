import NIOCore

/// A client of the member in office, in a closed loop.
final class MemberClient: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let meter: LoadMeter
  private let value: String
  private var request: UInt64 = 0

  private init(_ value: String, _ meter: LoadMeter) {
    self.value = value
    self.meter = meter
  }

  static func connect(port: Int, value: String, _ meter: LoadMeter) async throws -> any Channel {
    try await LoopbackConnection.open(port: port) { channel in
      try channel.pipeline.syncOperations.addHandlers(
        ByteToMessageHandler(MessageCutter()), MemberClient(value, meter))
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch MemberMessage(unwrapInboundIn(data)) {
    case .office(true, _): send(context)
    // It has only just started.
    case .office(false, _) where request == 0: break
    case .decided(request, _, _, _): if meter.completed() { send(context) }
    // Nobody else is asked: while speeds are measured, the founder coordinates.
    case .office, .decided, .refused, .reached, nil:
      meter.failed(BenchmarkFailure("the coordinator gave up its office"))
    }
  }

  private func send(_ context: ChannelHandlerContext) {
    request += 1
    context.channel.writeAndFlush(ClientMessage.append(request: request, value: value).framed(), promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    meter.failed(BenchmarkFailure("the coordinator closed a client's connection"))
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    meter.failed(error)
    context.close(promise: nil)
  }
}
