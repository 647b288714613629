import Glibc
import NIOCore
import NIOPosix

/// Why something on the network failed, in the system's words and none of a library's.
struct PlainCause: CustomStringConvertible {
  let description: String

  init(_ error: any Error) {
    switch error {
    case let error as IOError: description = String(cString: strerror(error.errnoCode))
    case let error as NIOConnectionError:
      let cause = error.connectionErrors.first?.error ?? error.dnsAError ?? error.dnsAAAAError
      description = cause.map { PlainCause($0).description } ?? "no address is known for \(error.host)"
    case let error as SocketAddressError.UnknownHost: description = "no address is known for \(error.host)"
    case is SocketAddressError: description = "its host name is not known"
    case ChannelError.connectTimeout: description = "no answer in time"
    default: description = "\(error)"
    }
  }
}
