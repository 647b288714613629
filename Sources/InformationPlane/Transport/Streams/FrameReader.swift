import NIOCore

typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

/// Cuts a connection's bytes into messages: 4 bytes of length, big-endian, and so many bytes. The limit is checked
/// before anything is kept, and is set anew once the other end is known.
struct FrameReader {
  private var iterator: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
  private var buffer = ByteBuffer()
  var limit: Int

  static let headerByteCount = 4

  init(_ inbound: NIOAsyncChannelInboundStream<ByteBuffer>, limit: Int) {
    iterator = inbound.makeAsyncIterator()
    self.limit = limit
  }

  /// The next message; nil at the end of the stream between two messages.
  ///
  /// - Throws: `FramingError`, or what the channel threw.
  mutating func next() async throws -> [UInt8]? {
    while true {
      if let message = try takeMessage() { return message }
      guard var more = try await iterator.next(isolation: #isolation) else {
        guard buffer.readableBytes == 0 else { throw FramingError.cutShort }
        return nil
      }
      if buffer.readableBytes == 0 {
        buffer = more
      } else {
        buffer.discardReadBytes()
        buffer.writeBuffer(&more)
      }
    }
  }

  /// Messages that have come already, so that many cost one turn.
  ///
  /// - Returns: at most `limit`, of which all but the last have at most `byteLimit` bytes; empty when none is whole yet.
  /// - Throws: `FramingError`.
  mutating func waiting(atMost limit: Int, byteLimit: Int) throws -> [[UInt8]] {
    var messages: [[UInt8]] = []
    var byteCount = 0
    while messages.count < limit, byteCount < byteLimit, let message = try takeMessage() {
      byteCount += message.count
      messages.append(message)
    }
    return messages
  }

  private mutating func takeMessage() throws -> [UInt8]? {
    guard let length = buffer.getInteger(at: buffer.readerIndex, as: UInt32.self) else { return nil }
    guard length <= UInt32(limit) else { throw FramingError.tooLarge(byteCount: Int(length), limit: limit) }
    guard buffer.readableBytes >= Self.headerByteCount + Int(length) else { return nil }
    buffer.moveReaderIndex(forwardBy: Self.headerByteCount)
    return buffer.readBytes(length: Int(length))
  }
}

extension ByteBuffer {
  /// Appends a message with its length.
  mutating func writeMessage(_ message: [UInt8]) {
    writeInteger(UInt32(message.count))
    writeBytes(message)
  }

  /// One message with its length.
  init(message: [UInt8]) {
    self.init()
    reserveCapacity(FrameReader.headerByteCount + message.count)
    writeMessage(message)
  }
}
