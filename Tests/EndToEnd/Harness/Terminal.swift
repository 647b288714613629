import Foundation
import Glibc

/// A command on a terminal of its own, as a person has it.
final class Terminal {
  /// Forks on a new terminal, keeps all that appears there in a file, and types what comes on its standard input.
  private static let driver = """
    import fcntl, os, pty, select, struct, sys, termios
    transcript = open(sys.argv[1], "ab", buffering=0)
    child, screen = pty.fork()
    if child == 0:
      fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 30, int(sys.argv[2]), 0, 0))
      os.execv(sys.argv[3], sys.argv[3:])
    sources = [screen, 0]
    while True:
      ready, _, _ = select.select(sources, [], [])
      if 0 in ready:
        typed = os.read(0, 4096)
        if typed: os.write(screen, typed)
        else: sources.remove(0)
      if screen in ready:
        try: data = os.read(screen, 65536)
        except OSError: break
        if not data: break
        transcript.write(data)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """

  private let driver = Process()
  private let keyboard = Pipe()
  private let output: String
  private let transcript: String

  init(
    _ arguments: [String], columns: Int = 100, environment: [String: String] = [:], in folder: String
  ) throws {
    output = folder + "/terminal-\(UUID().uuidString.prefix(8))"
    transcript = output + ".transcript"
    for file in [output, transcript] { try Data().write(to: URL(fileURLWithPath: file)) }
    driver.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
    driver.arguments = ["-c", Self.driver, transcript, "\(columns)", Binary.jointcloud] + arguments
    driver.environment = ["PATH": "/usr/local/bin:/usr/bin:/bin", "TERM": "xterm"].merging(environment) { $1 }
    driver.standardInput = keyboard
    driver.standardOutput = FileHandle(forWritingAtPath: output)
    try driver.run()
  }

  deinit {
    // Its terminal goes with it, and with the terminal the command.
    if driver.isRunning { kill(driver.processIdentifier, SIGKILL) }
  }

  /// Everything that has appeared so far, codes included.
  var text: String { (try? String(contentsOfFile: transcript, encoding: .utf8)) ?? "" }

  /// What stands on the screen since it was cleared last.
  var screen: String { text.components(separatedBy: Self.clear).last ?? "" }

  /// How often the screen was cleared.
  var redraws: Int { text.components(separatedBy: Self.clear).count - 1 }

  private static let clear = "\u{1b}[H\u{1b}[2J"

  func interrupt() { keyboard.fileHandleForWriting.write(Data([3])) }

  /// The command's exit code; a signal is negative.
  func ended() throws -> Int32 {
    try until("the command on the terminal ends", seconds: 20) { driver.isRunning ? nil : () }
    let said = try String(contentsOfFile: output, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
    guard let status = Int32(said) else { throw Missed("the terminal says no exit code: \(said) \(text)") }
    return status
  }
}
