import FoundationEssentials
import Logging
import Model
import NIOCore
import Overlay
import Sodium
import SwiftProtobuf
import Synchronization
import Wire

/// The giving end of object streams: one request after the other, in chunks.
extension StreamTransport {
  func serveObjects(
    _ session: Session, _ channel: any Channel, _ reader: FrameReader,
    _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
  ) async {
    let peer = session.peer.node
    let refusal = state.withLock { $0.seat(peer, limits) }
    defer { if refusal == nil { state.withLock { $0.unseat(peer) } } }
    var reader = reader
    reader.limit = 4 * 1_024
    let watchdog = Watchdog(channel, patience: refusal == nil ? limits.objectIdleTimeout : limits.refusalPatience)
    defer { watchdog.stop() }
    var stream = ObjectStream(session: session, outbound: outbound, watchdog: watchdog)
    do {
      while let sealed = try await reader.next() {
        watchdog.touch()
        guard case .objectRequest(let request) = try stream.open(sealed), let reference = ObjectReference(request)
        else {
          drops.count(.malformed)
          return
        }
        // Nor does it keep the connection: others need one.
        if let refusal { return try await stream.refuse(reference, refusal) }
        try await give(reference, from: request.offset, to: peer, &stream)
      }
    } catch is HandshakeError {
      drops.count(.alteredFrame)
    } catch is FramingError {
      drops.count(.oversize)
    } catch {
      logger.debug(
        "an object stream broke", metadata: ["peer": "\(session.peer.node.short)", "error": "\(error)"])
    }
  }

  private func give(
    _ reference: ObjectReference, from start: UInt64, to peer: NodeID, _ stream: inout ObjectStream
  ) async throws {
    guard start <= UInt64(reference.byteCount) else { return try await stream.refuse(reference, "offset past the end") }
    let reader: any ObjectReader
    do {
      guard let opened = try await source.open(reference, for: peer) else {
        return try await stream.refuse(reference, "it is not here")
      }
      reader = opened
    } catch {
      return try await stream.refuse(reference, "it cannot be read here: \(error)")
    }
    do {
      try await send(reference, from: Int(start), reader, &stream)
    } catch {
      await reader.close()
      throw error
    }
    await reader.close()
  }

  private func send(
    _ reference: ObjectReference, from start: Int, _ reader: any ObjectReader, _ stream: inout ObjectStream
  ) async throws {
    var offset = start
    repeat {
      let count = min(limits.objectChunkBytes, reference.byteCount - offset)
      let bytes: [UInt8]
      do {
        bytes = count == 0 ? [] : try await reader.read(at: offset, count: count)
      } catch {
        return try await stream.refuse(reference, "it cannot be read here: \(error)")
      }
      guard bytes.count == count else {
        return try await stream.refuse(reference, "it is shorter here than its name says")
      }
      let end = offset + count == reference.byteCount
      try await stream.send(
        .objectChunk(
          .with {
            $0.digest = Data(reference.digest.bytes)
            $0.offset = UInt64(offset)
            $0.data = Data(bytes)
            $0.end = end
          }))
      offset += count
    } while offset < reference.byteCount
  }
}

extension StreamTransport.State {
  /// Takes a place among those who are served. Nobody has more than what is left.
  ///
  /// - Returns: why there is none; nil when it was taken.
  fileprivate mutating func seat(_ peer: NodeID, _ limits: TransportLimits) -> String? {
    // A grant alone is no seat: another may have come in by its invitation.
    guard members.contains(peer) else { return "node \(peer.short) is not known as a member here; try again" }
    guard serving < limits.serving else { return "\(limits.serving) streams are being served already; try again" }
    let own = servingByPeer[peer, default: 0]
    guard own < min(limits.servingPerPeer, limits.serving - serving) else {
      return "\(serving) streams are being served already, \(own) of them of node \(peer.short); try again"
    }
    serving += 1
    servingByPeer[peer] = own + 1
    return nil
  }

  fileprivate mutating func unseat(_ peer: NodeID) {
    serving -= 1
    let left = servingByPeer[peer, default: 1] - 1
    servingByPeer[peer] = left == 0 ? nil : left
  }
}

/// An object stream's frames, sealed and opened.
struct ObjectStream {
  private var sealer: Session.Sealer
  private var opener: Session.Opener
  private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
  private let watchdog: Watchdog

  init(session: Session, outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>, watchdog: Watchdog) {
    (sealer, opener) = session.halves
    self.outbound = outbound
    self.watchdog = watchdog
  }

  mutating func send(_ payload: WireFrame.OneOf_Payload) async throws {
    let bytes: [UInt8] = try WireFrame.with { $0.payload = payload }.serializedBytes()
    try await outbound.write(ByteBuffer(message: sealer.seal(bytes)))
    watchdog.touch()
  }

  mutating func refuse(_ reference: ObjectReference, _ reason: String) async throws {
    try await send(
      .objectRefusal(
        .with {
          $0.digest = Data(reference.digest.bytes)
          $0.reason = reason
        }))
  }

  /// - Throws: `HandshakeError.altered`; `nil` for what is no frame.
  mutating func open(_ sealed: [UInt8]) throws -> WireFrame.OneOf_Payload? {
    let bytes = try opener.open(sealed)
    return (try? WireFrame(serializedBytes: bytes))?.payload
  }
}

extension ObjectReference {
  init?(_ request: WireObjectRequest) {
    guard let digest = Digest(bytes: request.digest), let byteCount = Int(exactly: request.byteCount) else {
      return nil
    }
    self.init(digest: digest, byteCount: byteCount)
  }
}
