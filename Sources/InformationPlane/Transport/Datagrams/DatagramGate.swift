import Logging
import NIOCore
import Overlay

/// What is done with a datagram before anything is kept of it: size, first bytes, rates. Lives on the channel's loop.
final class DatagramGate: ChannelInboundHandler {
  typealias InboundIn = AddressedEnvelope<ByteBuffer>

  private let mailbox: Mailbox
  private let drops: DropTally
  private let logger: Logger
  private var datagrams: SourceRates
  private var hellos: SourceRates

  init(limits: TransportLimits, mailbox: Mailbox, drops: DropTally, logger: Logger) {
    self.mailbox = mailbox
    self.drops = drops
    self.logger = logger
    datagrams = SourceRates(ofOne: limits.datagramsOfOneSource, ofAll: limits.datagrams)
    hellos = SourceRates(ofOne: limits.hellosOfOneSource, ofAll: limits.hellos)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let envelope = unwrapInboundIn(data)
    if let reason = take(envelope.data, from: envelope.remoteAddress) { drops.count(reason) }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    mailbox.ring()
  }

  func channelInactive(context: ChannelHandlerContext) {
    mailbox.close()
  }

  /// One bad datagram, or the network's complaint about one that was sent, is not the socket's end.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    logger.debug("a datagram was not read", metadata: ["error": "\(error)"])
    drops.count(.unread)
  }

  /// - Returns: why it was dropped; nil when it waits in the mailbox.
  private func take(_ data: ByteBuffer, from source: SocketAddress) -> DropReason? {
    guard data.readableBytes <= DatagramHead.byteLimit else { return .oversize }
    let bytes = Array(data.readableBytesView)
    guard let kind = DatagramHead.kind(of: bytes), let network = source.network, let port = source.port,
      let host = source.ipAddress
    else { return .garbage }
    let now = NIODeadline.now().uptimeNanoseconds
    if kind == .hello, !hellos.takes(from: network, at: now) { return .tooFast }
    guard datagrams.takes(from: network, at: now) else { return .tooFast }
    return mailbox.put(.datagram(bytes, from: "\(HostPort(host: host, port: port))")) ? nil : .mailboxFull
  }
}
