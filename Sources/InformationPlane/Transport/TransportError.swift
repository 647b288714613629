public import Model
import NIOCore
public import Overlay

/// Why the transport does not run.
public enum TransportError: Error, Hashable, Sendable {
  /// What a port is for: each has a socket of its own under the same number.
  public enum Door: String, Hashable, Sendable {
    case streams = "TCP"
    case datagrams = "UDP"
  }

  case addressInUse(HostPort, Door)
  case cannotListen(HostPort, Door, reason: String)
  /// The system ended the datagrams' socket.
  case socketFailed(HostPort)

  init(_ error: any Error, listeningOn address: HostPort, for door: Door) {
    if let error = error as? IOError, error.errnoCode == Self.addressInUseCode {
      self = .addressInUse(address, door)
    } else {
      self = .cannotListen(address, door, reason: PlainCause(error).description)
    }
  }
}

extension TransportError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .addressInUse(let address, let door):
      "\(address) (\(door.rawValue)) is in use by another process; stop it, or choose another with --listen HOST:PORT "
        + "(port 0 takes any free one)"
    case .cannotListen(let address, let door, let reason):
      "cannot listen on \(address) (\(door.rawValue)): \(reason); choose an address of this machine with --listen "
        + "HOST:PORT"
    case .socketFailed(let address):
      "the socket of \(address) (UDP) failed; the system's log says why, and a new start opens another"
    }
  }
}

/// Why an object did not come in whole. What the sink has taken stays, and a new fetch goes on from there.
public enum ObjectFetchError: Error, Hashable, Sendable {
  case unreachable(NodeID, address: String, reason: String)
  case handshake(NodeID, HandshakeError)
  /// The peer answered that it does not give it.
  case refused(NodeID, reason: String)
  /// The stream ended early, at this offset.
  case interrupted(NodeID, offset: Int, reason: String)
  /// The peer broke the protocol.
  case garbage(NodeID, what: String)
}

extension ObjectFetchError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unreachable(let node, let address, let reason): "node \(node.short) at \(address) does not answer: \(reason)"
    case .handshake(let node, let error): "no stream to node \(node.short): \(error)"
    case .refused(let node, let reason): "node \(node.short) does not give it: \(reason)"
    case .interrupted(let node, let offset, let reason):
      "the stream from node \(node.short) ended at byte \(offset): \(reason)"
    case .garbage(let node, let what): "node \(node.short) sent \(what)"
    }
  }
}

/// A connection's bytes are not frames.
enum FramingError: Error, Equatable {
  case tooLarge(byteCount: Int, limit: Int)
  case cutShort
}

/// No connection came about.
struct Unreachable: Error, CustomStringConvertible {
  let description: String
}
