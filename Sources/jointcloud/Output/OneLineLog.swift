import Logging

/// The log on standard error, an event a line: texts from other nodes and strangers can neither begin a line of their
/// own nor steer the terminal that shows it.
struct OneLineLog: LogHandler {
  private var stream: StreamLogHandler

  init(label: String) {
    stream = .standardError(label: label)
  }

  var logLevel: Logger.Level {
    get { stream.logLevel }
    set { stream.logLevel = newValue }
  }

  var metadata: Logger.Metadata {
    get { stream.metadata }
    set { stream.metadata = newValue }
  }

  var metadataProvider: Logger.MetadataProvider? {
    get { stream.metadataProvider }
    set { stream.metadataProvider = newValue }
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { stream[metadataKey: key] }
    set { stream[metadataKey: key] = newValue }
  }

  func log(event: LogEvent) {
    var event = event
    event.message = "\(event.message.description.printable)"
    event.metadata = event.metadata?.mapValues { .string("\($0)".printable) }
    stream.log(event: event)
  }
}
