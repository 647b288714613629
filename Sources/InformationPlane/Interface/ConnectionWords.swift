import AsyncHTTPClient
import Glibc
import NIOCore
import NIOPosix

/// What libraries say of sockets and connections, in words for people.
enum ConnectionWords {
  static func text(_ error: any Error) -> String {
    switch error {
    case let error as IOError: String(cString: strerror(error.errnoCode))
    case let error as SocketAddressError.UnknownHost: "no address is known of the host \(error.host)"
    case let error as NIOConnectionError where unknownHost(error) != nil:
      "no address is known of the host \(error.host)"
    case let error as HTTPClientError where error == .remoteConnectionClosed:
      "the other side ended it before it had answered"
    case let error as HTTPClientError where error == .readTimeout: "nothing came for a minute"
    case let error as HTTPClientError where [.invalidURL, .emptyHost, .emptyScheme].contains(error):
      "the address is no URL"
    case let error as HTTPClientError where error == .tlsHandshakeTimeout: "TLS was not agreed on in time"
    default: "\(error)"
    }
  }

  /// - Returns: nil where the host is known, and does not let itself be connected to.
  static func unknownHost(_ error: NIOConnectionError) -> String? {
    error.connectionErrors.isEmpty && (error.dnsAError != nil || error.dnsAAAAError != nil) ? error.host : nil
  }
}
