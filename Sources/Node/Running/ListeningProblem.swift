internal import Engine
internal import Interface
internal import Overlay
internal import Transport

/// Why a port could not be opened, with what to type next.
enum ListeningProblem {
  /// - Returns: the error as it is, unless it says why nothing can listen.
  static func explained(_ error: any Error) -> any Error {
    switch error {
    case TransportError.addressInUse(let address, let door):
      inUse("\(address) (\(door.rawValue))", port: address.port, option: "--listen")
    case APIServerError.addressInUse(let address):
      inUse("\(address) (TCP)", port: HostPort(address)?.port, option: "--http")
    case TransportError.cannotListen(let address, let door, let reason):
      notHere("\(address) (\(door.rawValue))", reason, option: "--listen")
    case APIServerError.cannotListen(let address, let reason): notHere(address, reason, option: "--http")
    default: error
    }
  }

  private static func notHere(_ address: String, _ reason: String, option: String) -> Refusal {
    // The interface's own socket is a path.
    guard !address.hasPrefix("/") else {
      return Refusal(.failed, "cannot listen on \(address): \(reason)", subject: address, next: "ls -ld \(address)")
    }
    return Refusal(
      .failed, "cannot listen on \(address): \(reason)", subject: option,
      next: "\(option) HOST:PORT, with an address of this machine: those that `hostname -I` shows, or 127.0.0.1")
  }

  private static func inUse(_ address: String, port: Int?, option: String) -> Refusal {
    Refusal(
      .unavailable, "\(address) is in use by another process", subject: option,
      next:
        "ss -ltunp\(port.map { " | grep :\($0)" } ?? "") shows who has it; or take another with \(option) HOST:PORT "
        + "(port 0 takes any free one)")
  }
}
