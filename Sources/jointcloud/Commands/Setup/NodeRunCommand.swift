import ArgumentParser
import Logging
import Node

struct NodeRunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run this node until it is told to stop (SIGTERM or SIGINT).",
    discussion: "Prints 'ready' once everything listens; the addresses stand in DIR/endpoint.json. Logs go to stderr.")
  @OptionGroup var node: DataOptions
  @Option(help: ArgumentHelp("Where other nodes reach this one; port 0: the last or any.", valueName: "host:port"))
  var listen: String?
  @Option(help: ArgumentHelp("Where the HTTP interface listens beside its socket.", valueName: "host:port"))
  var http: String?
  @Flag(
    help: "Say that this folder is the newest copy of the node's data, though it was moved: it need not be asked about."
  )
  var newestCopy = false
  @Option(help: ArgumentHelp("trace, debug, info, notice, warning, error or critical.", valueName: "level"))
  var logLevel: String?

  func run() async throws {
    let folder = try node.folder()
    let configuration = try NodeConfiguration.read(in: folder)
    let wanted = logLevel ?? configuration.logLevel
    guard let level = Logger.Level(rawValue: wanted) else {
      throw Failure(.usage, "'\(wanted)' is no log level", next: "--log-level info")
    }
    LoggingSystem.bootstrap { OneLineLog(label: $0) }
    var logger = Logger(label: "jointcloud")
    logger.logLevel = level
    if let listen { _ = try Arguments.listening(listen, "--listen") }
    if let http { _ = try Arguments.listening(http, "--http") }
    let run = try NodeRun(folder, listen: listen, http: http, isNewestCopy: newestCopy, logger: logger)
    try await run.run { _ in Output.data("ready\n") }
  }
}
