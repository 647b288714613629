import NIOCore
import NIOPosix
import Overlay

/// Shows that a port can be listened on, and lets go of it again.
struct RawListener {
  init(_ address: HostPort) async throws {
    let channel = try await ServerBootstrap(group: NIOSingletons.posixEventLoopGroup)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .bind(host: address.host, port: address.port).get()
    try await channel.close()
  }
}
