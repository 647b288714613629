import FoundationEssentials
import Model
import NIOCore
import Overlay
import SwiftProtobuf
import Wire

/// The taking end of object streams.
extension StreamTransport {
  /// Fetches a byte string from an offset on. Waits in line when as many as allowed are being fetched.
  ///
  /// - Parameters:
  ///   - address: `host:port` of the node's stream port.
  ///   - offset: what the sink has already, in bytes.
  /// - Throws: `ObjectFetchError`; what the sink throws; `CancellationError`.
  func fetch(
    _ reference: ObjectReference, from node: NodeID, address: String, offset: Int = 0, into sink: some ObjectSink
  ) async throws {
    try await fetches.withPermit {
      do {
        try await connect(to: address, node: node, purpose: .objects) { session, channel, reader, outbound in
          try await self.take(reference, offset: offset, into: sink, session, channel, reader, outbound)
        }
      } catch let error as HandshakeError {
        throw ObjectFetchError.handshake(node, error)
      } catch let error as Unreachable {
        throw ObjectFetchError.unreachable(node, address: address, reason: error.description)
      }
    }
  }

  private func take(
    _ reference: ObjectReference, offset start: Int, into sink: some ObjectSink, _ session: Session,
    _ channel: any Channel, _ reader: FrameReader, _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
  ) async throws {
    let node = session.peer.node
    var reader = reader
    let watchdog = Watchdog(channel, patience: limits.objectIdleTimeout)
    defer { watchdog.stop() }
    var stream = ObjectStream(session: session, outbound: outbound, watchdog: watchdog)
    var offset = start
    func interrupted(_ reason: String) -> ObjectFetchError {
      let reason =
        watchdog.hasBitten ? "nothing came for \(limits.objectIdleTimeout.nanoseconds / 1_000_000) ms" : reason
      return .interrupted(node, offset: offset, reason: reason)
    }
    do {
      try await stream.send(
        .objectRequest(
          .with {
            $0.digest = Data(reference.digest.bytes)
            $0.byteCount = UInt64(reference.byteCount)
            $0.offset = UInt64(start)
          }))
    } catch {
      throw interrupted("\(error)")
    }
    while true {
      let sealed: [UInt8]
      do {
        guard let next = try await reader.next() else { throw FramingError.cutShort }
        sealed = next
      } catch {
        try Task.checkCancellation()
        throw interrupted("\(error)")
      }
      let chunk = try read(sealed, of: reference, at: offset, from: node, &stream)
      watchdog.touch()
      if !chunk.data.isEmpty { try await sink.append(Array(chunk.data), at: offset) }
      watchdog.touch()
      offset += chunk.data.count
      if chunk.end {
        guard offset == reference.byteCount else { throw ObjectFetchError.garbage(node, what: "an early end") }
        return
      }
    }
  }

  /// Reads a chunk and checks that it is the next one.
  private func read(
    _ sealed: [UInt8], of reference: ObjectReference, at offset: Int, from node: NodeID, _ stream: inout ObjectStream
  ) throws -> WireObjectChunk {
    let payload: WireFrame.OneOf_Payload?
    do {
      payload = try stream.open(sealed)
    } catch {
      throw ObjectFetchError.interrupted(node, offset: offset, reason: "a chunk was altered on the way")
    }
    switch payload {
    case .objectChunk(let chunk):
      guard chunk.digest == Data(reference.digest.bytes), chunk.offset == UInt64(offset),
        chunk.data.count <= reference.byteCount - offset, chunk.end || !chunk.data.isEmpty
      else { throw ObjectFetchError.garbage(node, what: "another chunk than the next") }
      return chunk
    case .objectRefusal(let refusal):
      throw ObjectFetchError.refused(node, reason: String(refusal.reason.prefix(512)))
    default: throw ObjectFetchError.garbage(node, what: "a frame that is no chunk")
    }
  }
}
