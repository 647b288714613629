import Glibc
import Logging
import NIOCore
import Overlay
import Synchronization

/// Datagrams over UDP: what comes in passes the gate into the mailbox, what goes out may be lost.
final class DatagramTransport: Sendable {
  private let loop: NetworkLoop
  private let limits: TransportLimits
  private let mailbox: Mailbox
  private let drops: DropTally
  private let logger: Logger
  private let addresses: AddressBook
  private let socket = Mutex<DatagramSocket?>(nil)

  init(
    loop: NetworkLoop, limits: TransportLimits, addresses: AddressBook, mailbox: Mailbox, drops: DropTally,
    logger: Logger
  ) {
    self.loop = loop
    self.limits = limits
    self.mailbox = mailbox
    self.drops = drops
    self.logger = logger
    self.addresses = addresses
  }

  /// - Throws: `TransportError`.
  func bind(_ address: HostPort) async throws {
    do {
      let bound = try await DatagramSocket.bind(address, on: loop) { [limits, mailbox, drops, logger] in
        DatagramGate(limits: limits, mailbox: mailbox, drops: drops, logger: logger)
      }
      socket.withLock { $0 = bound }
    } catch {
      throw TransportError(error, listeningOn: address, for: .datagrams)
    }
  }

  /// Sends now, or never.
  func send(_ bytes: [UInt8], to text: String) {
    guard let socket = socket.withLock({ $0 }) else { return drops.count(.unsent) }
    guard let address = addresses.address(of: text, family: socket.protocolFamily) else {
      return drops.count(.unresolved)
    }
    let code = socket.send(bytes, to: address)
    guard code != 0 else { return }
    logger.debug(
      "a datagram was not sent", metadata: ["to": "\(text)", "error": "\(IOError(errnoCode: code, reason: "sendto"))"])
    drops.count(.unsent)
  }

  func close() async {
    let last = socket.withLock { socket in
      defer { socket = nil }
      return socket
    }
    await last?.close()
  }
}
