import Glibc
import Logging
import NIOCore
import NIOPosix
import Overlay
import Synchronization

/// One UDP socket. Its channel reads; sending goes straight to the system, since a channel ends itself when the system
/// refuses a single datagram (a firewall, a network that is away), and since it costs no change of threads.
final class DatagramSocket: Sendable {
  let protocolFamily: NIOBSDSocket.ProtocolFamily
  private let channel: any Channel
  /// The channel's socket under a number of its own, which nobody else closes; nil once it is closed.
  private let descriptor: Mutex<Int32?>

  private init(_ channel: any Channel, descriptor: Int32) {
    self.channel = channel
    self.descriptor = Mutex(descriptor)
    protocolFamily = channel.localAddress?.protocol ?? .inet
  }

  deinit { Self.close(descriptor.withLock { $0 }) }

  /// - Parameter gate: makes the handler of what comes in.
  /// - Throws: `IOError` and what else the system says.
  static func bind(
    _ address: HostPort, on loop: NetworkLoop, gate: @escaping @Sendable () -> DatagramGate
  ) async throws -> DatagramSocket {
    let messageCount = 32
    let channel = try await DatagramBootstrap(group: loop.eventLoop)
      .channelOption(.datagramVectorReadMessageCount, value: messageCount)
      // One byte more than is allowed shows what is over the limit, and leaves the rest of it to the system.
      .channelOption(
        .recvAllocator,
        value: FixedSizeRecvByteBufferAllocator(capacity: messageCount * (DatagramHead.byteLimit + 1))
      )
      // Bursts wait here while others use the processor; the system gives as much of it as it allows.
      .channelOption(.socketOption(.so_rcvbuf), value: 1_024 * 1_024)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(gate()) }
      }
      .bind(host: address.host, port: address.port).get()
    do {
      return DatagramSocket(channel, descriptor: try await channel.eventLoop.submit { try copy(of: channel) }.get())
    } catch {
      try await channel.close()
      throw error
    }
  }

  /// Another number for the channel's socket; on its loop.
  private static func copy(of channel: any Channel) throws -> Int32 {
    let copy = try channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
      handle in
      let copy = fcntl(handle, F_DUPFD_CLOEXEC, 0)
      guard copy >= 0 else { throw IOError(errnoCode: errno, reason: "duplicating a socket") }
      return copy
    }
    guard let copy else { throw ChannelError.operationUnsupported }
    return copy
  }

  var port: Int? { channel.localAddress?.port }

  /// Gives a datagram to the system, which does not wait.
  ///
  /// - Returns: 0, or the system's error.
  func send(_ bytes: [UInt8], to address: SocketAddress) -> CInt {
    descriptor.withLock { descriptor in
      guard let descriptor else { return EBADF }
      return address.withSockAddr { place, size in
        let count = sendto(
          descriptor, bytes, bytes.count, Int32(MSG_DONTWAIT | MSG_NOSIGNAL), place, socklen_t(size))
        return count < 0 ? errno : 0
      }
    }
  }

  /// Nothing is sent or read afterwards.
  func close() async {
    Self.close(
      descriptor.withLock { descriptor in
        defer { descriptor = nil }
        return descriptor
      })
    // It may have closed itself.
    try? await channel.close()
  }

  private static func close(_ descriptor: Int32?) {
    if let descriptor { _ = Glibc.close(descriptor) }
  }
}
