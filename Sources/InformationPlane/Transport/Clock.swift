import Glibc

extension TransportError {
  /// What the system answers when a port is taken.
  static let addressInUseCode = EADDRINUSE
}

extension StreamTransport {
  /// The wall clock, milliseconds since 1970-01-01T00:00:00Z.
  static func wallMilliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
  }
}
