import Model
import NIOCore
import Overlay
import Synchronization

/// One control link: reading here, writing in a task beside it, until either ends.
extension StreamTransport {
  func runLink(
    _ session: Session, _ channel: any Channel, _ reader: FrameReader,
    _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
  ) async {
    let outbox = Outbox(byteLimit: limits.outboxBytes, frameLimit: limits.outboxFrames)
    let link = state.withLock { state in
      let link = LinkID(state.nextLink)
      state.nextLink += 1
      state.links[link] = Seat(outbox: outbox, channel: channel)
      return link
    }
    let (sealer, opener) = session.halves
    await withTaskExecutorPreference(loop) {
      await report([.linkOpened(link, peer: session.peer.signed, dialled: session.isDialled)])
      let reason = await withDiscardingTaskGroup { group in
        group.addTask { await self.write(outbox, sealer, channel, outbound) }
        // The channel's end ends the reader, and the reader's end the writer. Why it ended is what the outbox was told
        // first: by the overlay, the writer or the reader.
        let found = await read(link, reader, opener)
        outbox.end(found, discarding: true)
        group.cancelAll()
        return outbox.ending ?? found
      }
      state.withLock { $0.links[link] = nil }
      await report([.linkClosed(link, reason)])
    }
  }

  /// Reads frames until the end.
  private func read(_ link: LinkID, _ reader: FrameReader, _ opener: Session.Opener) async -> CloseReason {
    var reader = reader
    var opener = opener
    do {
      while let first = try await reader.next() {
        // What can be read is handed over before what breaks the stream.
        var inputs = [OverlayInput.frame(link, try opener.open(first))]
        let rest = Result { () throws in
          for sealed in try reader.waiting(atMost: limits.frameBatch - 1, byteLimit: limits.frameBatchBytes) {
            inputs.append(.frame(link, try opener.open(sealed)))
          }
        }
        await report(inputs)
        try rest.get()
      }
      return .peerClosed
    } catch let error as HandshakeError {
      drops.count(.alteredFrame)
      return .broken("\(error)")
    } catch FramingError.tooLarge(let byteCount, let limit) {
      drops.count(.oversize)
      return .broken("a frame of \(byteCount) bytes, over the limit of \(limit)")
    } catch FramingError.cutShort {
      return .broken("it ended within a frame")
    } catch {
      return .broken(PlainCause(error).description)
    }
  }

  /// Writes what the outbox holds until it is ended and empty, or writing fails, then closes the channel.
  private func write(
    _ outbox: Outbox, _ sealer: Session.Sealer, _ channel: any Channel,
    _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
  ) async {
    var sealer = sealer
    defer { channel.close(promise: nil) }
    do {
      for await _ in outbox.signals {
        while case .frames(let frames) = outbox.take(byteLimit: limits.writeBatchBytes) {
          var buffer = ByteBuffer()
          for frame in frames { buffer.writeMessage(sealer.seal(frame)) }
          try await outbound.write(buffer)
        }
      }
      if outbox.ending != nil { await flush(channel) }
    } catch {
      outbox.end(.broken(PlainCause(error).description), discarding: true)
    }
  }
}
