import Glibc

/// Data goes to standard output, everything else to standard error.
enum Output {
  static func data(_ text: String) {
    write(Array((text.hasSuffix("\n") || text.isEmpty ? text : text + "\n").utf8), to: STDOUT_FILENO)
  }

  static func data(_ bytes: [UInt8]) {
    write(bytes, to: STDOUT_FILENO)
  }

  /// Progress, hints and errors: one line.
  static func hint(_ line: String) {
    write(Array((line.printable + "\n").utf8), to: STDERR_FILENO)
  }

  static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  /// Whether what stands on the screen can be replaced: a dumb terminal would show the codes.
  static var drawsInPlace: Bool { isTerminal && (Environment.variable("TERM") ?? "dumb") != "dumb" }

  /// Colour only for people who did not decline it (no-color.org).
  static var usesColour: Bool { drawsInPlace && Environment.variable("NO_COLOR") == nil }

  /// Columns of the terminal; nil when there is none to fit into.
  static var width: Int? {
    guard isTerminal else { return nil }
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// Gives up quietly when nobody reads any more, and with an error when data cannot be written.
  private static func write(_ bytes: [UInt8], to descriptor: Int32) {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress?.advanced(by: done), $0.count - done) }
      if count < 0, errno == EINTR { continue }
      if count <= 0 {
        let code = count < 0 ? errno : EIO
        guard descriptor == STDOUT_FILENO else { return }
        guard code != EPIPE else { exit(ExitStatus.success.rawValue) }
        hint("error: standard output cannot be written: \(String(cString: strerror(code)))")
        hint("next: make room where it goes, or send it elsewhere")
        exit(ExitStatus.error.rawValue)
      }
      done += count
    }
  }
}
