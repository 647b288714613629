import Model
import NIOCore

/// What a client asks of a member.
enum ClientMessage: Sendable {
  case append(request: UInt64, value: String)
  /// Answered once so many entries are decided there, durably.
  case reach(request: UInt64, number: Int)
}

/// What a member tells a client.
enum MemberMessage: Sendable {
  /// Comes first, and whenever it changes: whether the member takes appends.
  case office(isHeld: Bool, term: Int)
  /// The entry is decided, and the certificate that says so is on the member's disk.
  case decided(request: UInt64, number: Int, term: Int, hash: Digest)
  /// Whether it will be decided is not known.
  case refused(request: UInt64)
  case reached(request: UInt64)
}

extension ClientMessage {
  func framed() -> ByteBuffer {
    var body = ByteBuffer()
    switch self {
    case .append(let request, let value):
      body.writeInteger(UInt8(1))
      body.writeInteger(request)
      body.writeString(value)
    case .reach(let request, let number):
      body.writeInteger(UInt8(2))
      body.writeInteger(request)
      body.writeInteger(Int64(number))
    }
    return ByteBuffer(framing: body)
  }

  /// - Returns: nil for what is no message.
  init?(_ body: ByteBuffer) {
    var body = body
    switch (body.readInteger(as: UInt8.self), body.readInteger(as: UInt64.self)) {
    case (1, let request?): self = .append(request: request, value: body.readString(length: body.readableBytes) ?? "")
    case (2, let request?):
      guard let number = body.readInteger(as: Int64.self) else { return nil }
      self = .reach(request: request, number: Int(number))
    default: return nil
    }
  }
}

extension MemberMessage {
  func framed() -> ByteBuffer {
    var body = ByteBuffer()
    switch self {
    case .office(let isHeld, let term):
      body.writeInteger(UInt8(isHeld ? 2 : 1))
      body.writeInteger(Int64(term))
    case .decided(let request, let number, let term, let hash):
      body.writeInteger(UInt8(3))
      body.writeInteger(request)
      body.writeInteger(Int64(number))
      body.writeInteger(Int64(term))
      body.writeBytes(hash.bytes)
    case .refused(let request):
      body.writeInteger(UInt8(4))
      body.writeInteger(request)
    case .reached(let request):
      body.writeInteger(UInt8(5))
      body.writeInteger(request)
    }
    return ByteBuffer(framing: body)
  }

  /// - Returns: nil for what is no message.
  init?(_ body: ByteBuffer) {
    var body = body
    guard let kind = body.readInteger(as: UInt8.self), let first = body.readInteger(as: UInt64.self) else { return nil }
    switch kind {
    case 1, 2: self = .office(isHeld: kind == 2, term: Int(clamping: first))
    case 3:
      guard let number = body.readInteger(as: Int64.self), let term = body.readInteger(as: Int64.self),
        let hash = body.readBytes(length: Digest.byteCount).flatMap({ Digest(bytes: $0) })
      else { return nil }
      self = .decided(request: first, number: Int(number), term: Int(term), hash: hash)
    case 4: self = .refused(request: first)
    case 5: self = .reached(request: first)
    default: return nil
    }
  }
}

extension ByteBuffer {
  /// A message with its length before it, in 4 bytes.
  fileprivate init(framing body: ByteBuffer) {
    self.init()
    reserveCapacity(MessageCutter.headerByteCount + body.readableBytes)
    writeInteger(UInt32(body.readableBytes))
    writeImmutableBuffer(body)
  }
}

/// Cuts a client connection's bytes into messages.
struct MessageCutter: ByteToMessageDecoder {
  typealias InboundOut = ByteBuffer
  static let headerByteCount = 4
  private static let byteLimit = 65_536

  mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
    guard let length = buffer.getInteger(at: buffer.readerIndex, as: UInt32.self) else { return .needMoreData }
    guard length <= Self.byteLimit else { throw BenchmarkFailure("a message of \(length) bytes came") }
    guard buffer.readableBytes >= Self.headerByteCount + Int(length) else { return .needMoreData }
    buffer.moveReaderIndex(forwardBy: Self.headerByteCount)
    // Checked above.
    guard let body = buffer.readSlice(length: Int(length)) else { return .needMoreData }
    context.fireChannelRead(wrapInboundOut(body))
    return .continue
  }
}
