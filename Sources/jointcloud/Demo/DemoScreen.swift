import Glibc
import Synchronization

/// Lines for a person: what is finished stays, what goes on is rewritten in place on a terminal.
final class DemoScreen: Sendable {
  private let descriptor: Int32
  private let isTerminal: Bool
  private let usesColour: Bool
  private let passing = Mutex("")
  private let lastShown = Mutex(ContinuousClock.now)

  init(toStandardError: Bool) {
    descriptor = toStandardError ? STDERR_FILENO : STDOUT_FILENO
    isTerminal = isatty(descriptor) == 1 && Environment.variable("TERM") != "dumb"
    usesColour = isTerminal && Environment.variable("NO_COLOR") == nil
  }

  /// Columns to keep to; 100 where there is no terminal.
  var width: Int {
    guard isTerminal else { return 100 }
    var size = winsize()
    return ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col >= 40 ? Int(size.ws_col) : 80
  }

  /// Stays.
  func line(_ text: String, _ colour: Table.Colour? = nil) {
    let text = text.printable
    keep(usesColour ? colour.map { "\u{1b}[\($0.rawValue)m\(text)\u{1b}[0m" } ?? text : text)
  }

  private func keep(_ line: String) {
    passing.withLock { passing in
      if !passing.isEmpty { write("\r\u{1b}[K") }
      passing = ""
      write(line + "\n")
    }
  }

  /// Goes with the next line. Without a terminal it stays, so it is shown at most once in two seconds.
  func passing(_ text: String) {
    let text = text.printable
    guard isTerminal else {
      let isDue = lastShown.withLock { last in
        guard ContinuousClock.now - last > .seconds(2) else { return false }
        last = .now
        return true
      }
      return isDue ? write(text + "\n") : ()
    }
    passing.withLock { passing in
      let cut = text.count >= width ? String(text.prefix(width - 4)) + "..." : text
      guard cut != passing else { return }
      passing = cut
      write("\r\u{1b}[K\(cut)")
    }
  }

  func table(_ table: Table, indent: String = "      ") {
    for line in table.rendered(width: width - indent.count, colour: usesColour).split(separator: "\n") {
      keep(indent + line)
    }
  }

  /// Whoever does not read does not stop the demo.
  private func write(_ text: String) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      if count <= 0 { return }
      bytes = bytes.dropFirst(count)
    }
  }
}
