import Model
import NIOCore
import Overlay
import Sodium
import Synchronization

/// The handshake over a connection.
extension StreamTransport {
  func shakeHands(
    asListenerOn channel: any Channel, _ reader: inout FrameReader,
    _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
  ) async throws -> Session {
    var handshake = try Handshake.listen(
      identity: identity, record: try ownRecord(), ephemeralSeed: secureRandomBytes(KeyExchange.byteCount))
    return try await shakeHands(&handshake, channel, &reader, outbound)
  }

  func shakeHands(
    asDiallerOn channel: any Channel, _ node: NodeID, _ purpose: StreamPurpose, _ reader: inout FrameReader,
    _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
  ) async throws -> Session {
    var (handshake, first) = try Handshake.dial(
      expecting: node, purpose: purpose, identity: identity, record: try ownRecord(),
      ephemeralSeed: secureRandomBytes(KeyExchange.byteCount))
    try await outbound.write(ByteBuffer(message: first))
    return try await shakeHands(&handshake, channel, &reader, outbound)
  }

  private func ownRecord() throws(HandshakeError) -> SignedStatement {
    guard let record = state.withLock({ $0.record }) else { throw .closedEarly }
    return record
  }

  /// Goes on until the session is there.
  private func shakeHands(
    _ handshake: inout Handshake, _ channel: any Channel, _ reader: inout FrameReader,
    _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
  ) async throws -> Session {
    let watchdog = Watchdog(channel, patience: limits.handshakeTimeout)
    defer { watchdog.stop() }
    while true {
      let message = try await nextMessage(&reader, watchdog)
      let progress = try handshake.receive(
        message, nowMilliseconds: Self.wallMilliseconds(),
        isMember: { node in state.withLock { $0.members.contains(node) } }, checked: records.find)
      switch progress {
      case .reply(let reply): try await outbound.write(ByteBuffer(message: reply))
      case .finished(let session, let reply):
        if let reply { try await outbound.write(ByteBuffer(message: reply)) }
        // Whoever has a grant could push out what was checked of members.
        if state.withLock({ $0.members.contains(session.peer.node) }) { records.insert(session.peer) }
        reader.limit = OverlayLimits.frameByteLimit + Session.overheadByteCount
        return session
      case .refused(let error, let reply):
        if let reply {
          try await outbound.write(ByteBuffer(message: reply))
          await flush(channel)
        }
        throw error
      }
    }
  }

  private func nextMessage(_ reader: inout FrameReader, _ watchdog: Watchdog) async throws -> [UInt8] {
    do {
      if let message = try await reader.next() { return message }
    } catch FramingError.tooLarge(let byteCount, let limit) {
      throw HandshakeError.tooLarge(byteCount: byteCount, limit: limit)
    } catch is CancellationError {
      throw CancellationError()
    } catch {
      throw watchdog.hasBitten ? HandshakeError.timedOut : .closedEarly
    }
    if Task.isCancelled { throw CancellationError() }
    throw watchdog.hasBitten ? HandshakeError.timedOut : .closedEarly
  }

  /// Waits until what was written before has left, or the channel is closed.
  func flush(_ channel: any Channel) async {
    try? await channel.writeAndFlush(ByteBuffer()).get()
  }
}
