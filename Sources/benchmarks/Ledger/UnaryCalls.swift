import NIOCore
import NIOHPACK
import NIOHTTP2

/// One client of a gRPC server: makes the same call again and again over one connection, each once the one before is
/// answered.
final class UnaryCalls: ChannelInboundHandler {
  typealias InboundIn = HTTP2Frame

  private static let prefixByteCount = 5
  /// Of 65,535 bytes that the server may send unasked, so many are given back at a time.
  private static let windowStep = 16_384

  private let headers: HPACKHeaders
  private let request: ByteBuffer
  private let answered: @Sendable ([UInt8]) -> Bool
  private let failed: @Sendable (any Error) -> Void
  private var stream = 1
  private var reply: [UInt8] = []
  private var unacknowledged = 0

  private init(
    path: String, message: [UInt8], answered: @escaping @Sendable ([UInt8]) -> Bool,
    failed: @escaping @Sendable (any Error) -> Void
  ) {
    headers = [
      ":method": "POST", ":scheme": "http", ":path": path, ":authority": "127.0.0.1", "te": "trailers",
      "content-type": "application/grpc",
    ]
    var request = ByteBuffer()
    request.writeInteger(UInt8(0))
    request.writeInteger(UInt32(message.count))
    request.writeBytes(message)
    self.request = request
    self.answered = answered
    self.failed = failed
  }

  /// - Parameters:
  ///   - answered: takes each reply; returns whether to call again.
  ///   - failed: is told why no more calls can be made.
  static func connect(
    port: Int, path: String, message: [UInt8], answered: @escaping @Sendable ([UInt8]) -> Bool,
    failed: @escaping @Sendable (any Error) -> Void
  ) async throws -> any Channel {
    try await LoopbackConnection.open(port: port) { channel in
      var connection = NIOHTTP2Handler.ConnectionConfiguration()
      // gRPC's server measures the way with a ping for each piece of data.
      connection.controlFrameRateLimit.maximumCount = .max
      try channel.pipeline.syncOperations.addHandlers(
        NIOHTTP2Handler(mode: .client, connectionConfiguration: connection, streamConfiguration: .init()),
        UnaryCalls(path: path, message: message, answered: answered, failed: failed))
    }
  }

  func channelActive(context: ChannelHandlerContext) {
    call(context)
    context.fireChannelActive()
  }

  private func call(_ context: ChannelHandlerContext) {
    reply.removeAll(keepingCapacity: true)
    let id = HTTP2StreamID(stream)
    let (head, body) = (
      HTTP2Frame(streamID: id, payload: .headers(.init(headers: headers))),
      HTTP2Frame(streamID: id, payload: .data(.init(data: .byteBuffer(request), endStream: true)))
    )
    context.write(NIOAny(head), promise: nil)
    context.writeAndFlush(NIOAny(body), promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let frame = unwrapInboundIn(data)
    switch frame.payload {
    case .data(let data):
      guard case .byteBuffer(let buffer) = data.data else { return }
      reply.append(contentsOf: buffer.readableBytesView)
      unacknowledged += buffer.readableBytes
    case .headers(let headers) where headers.endStream: end(headers.headers, context)
    case .rstStream(let code): fail(BenchmarkFailure("etcd ended a call: \(code)"), context)
    case .goAway: fail(BenchmarkFailure("etcd ended a connection"), context)
    default: break
    }
  }

  private func end(_ trailers: HPACKHeaders, _ context: ChannelHandlerContext) {
    guard trailers.first(name: "grpc-status") == "0" else {
      let reason = trailers.first(name: "grpc-message") ?? "\(trailers)"
      return fail(BenchmarkFailure("etcd refused a call: \(reason)"), context)
    }
    if unacknowledged >= Self.windowStep {
      let update = HTTP2Frame(streamID: .rootStream, payload: .windowUpdate(windowSizeIncrement: unacknowledged))
      context.write(NIOAny(update), promise: nil)
      unacknowledged = 0
    }
    stream += 2
    if answered(Array(reply.dropFirst(Self.prefixByteCount))) { call(context) }
  }

  private func fail(_ error: any Error, _ context: ChannelHandlerContext) {
    failed(error)
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) { failed(BenchmarkFailure("etcd closed a connection")) }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { fail(error, context) }
}
